# Sourced by bash before a job's script: the job begins when the engine says so, by a byte on descriptor 3.
# Bash has started by then, so that its start takes no time of the job's.
read -r -N 1 -u 3 || exit 0
exec 3<&-
unset BASH_ENV REPLY
