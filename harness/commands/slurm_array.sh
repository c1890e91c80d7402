
# Slurm tells this shell alone of the coming end (--signal=B:), for it has to outlive dmtl: it hands the signal on, and
# dmtl stops with a checkpoint and exit code 75. A signal before the work began ends dmtl, and nothing is lost.
task=${SLURM_ARRAY_TASK_ID:?this is for sbatch}
shard=$out/shards/$task-of-$parts.db
if [ -e "$known" ]; then # what it holds is not trained again
    "$dmtl" merge "$shard" "$known" || exit
fi
told='' run=''
trap 'told=1 again=1; kill -USR1 $run' USR1 TERM
"$dmtl" run "$grid" --shard "$task/$parts" --db "$shard" "${cells[@]}" "${options[@]}" &
run=$! again=1
while [ "$again" ]; do # a signal ends the wait, not dmtl
    again=''
    wait "$run"
    code=$?
done
[ "$code" -eq 75 ] || { [ "$told" ] && [ "$code" -gt 128 ]; } || exit "$code"

# It goes on from there when it is its turn again. Slurm itself requeues a task whose node fails or that is preempted;
# "Incomplete" keeps this from bringing back one that was cancelled.
scontrol requeue Incomplete "${SLURM_ARRAY_JOB_ID}_$task" || exit "$code"
