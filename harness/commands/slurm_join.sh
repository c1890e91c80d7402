
# A cell that failed, or a task that never ran, keeps nobody from the results of the others; it makes this job fail.
shards=()
for ((part = 1; part <= parts; part++)); do
    shard=$out/shards/$part-of-$parts.db
    [ ! -e "$shard" ] || shards+=("$shard")
done
if [ ${#shards[@]} -eq 0 ]; then
    echo "no task has left anything; see their logs in $out/logs" >&2
    exit 1
fi
"$dmtl" merge "$db" "${shards[@]}" || exit
"$dmtl" report "$grid" --db "$db" -o "$out/report.md" && echo "report: $out/report.md"
"$dmtl" status "$grid" --db "$db"

plan=$("$dmtl" plan "$grid" --db "$db" "${cells[@]}" --json) || exit
if [[ ${plan%%'"candidates": ['*} =~ '"state": "'(pending|running|failed) ]]; then
    echo "not all cells are done; see the tasks' logs in $out/logs; both scripts submitted again go on from here" >&2
    exit 1
fi
