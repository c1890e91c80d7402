
# A cell that failed, or a task that never ran, keeps nobody from the results of the others; it makes this job fail.
shards=()
for ((task = 1; task <= tasks; task++)); do
    shard=$out/shards/$task-of-$tasks.db
    if [ -e "$shard" ]; then
        shards+=("$shard")
    else
        echo "task $task of $tasks has left nothing; see $out/logs" >&2
    fi
done
[ ${#shards[@]} -gt 0 ] || exit 1
"$dmtl" merge "$db" "${shards[@]}" || exit
"$dmtl" report "$grid" --db "$db" -o "$out/report.md" && echo "report: $out/report.md"
"$dmtl" status "$grid" --db "$db"

plan=$("$dmtl" plan "$grid" --db "$db" "${cells[@]}" --json) || exit
if [[ ${plan%%'"candidates": ['*} =~ '"state": "'(pending|running|failed) ]]; then
    echo "not all cells are done; both scripts submitted again go on from here" >&2
    exit 1
fi
