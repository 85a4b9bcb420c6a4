#!/bin/sh
# guard.sh FOLDER PROGRAM [ARGUMENT]...
# Runs PROGRAM, which makes itself the leader of a process group, and when it ends, or standard input does because
# whoever held it is gone, kills the whole group and removes FOLDER. Exits as PROGRAM did.
folder=$1
shift
exec 9<&0
"$@" </dev/null 9<&- &
program=$!
(
  read -r _ <&9
  kill -KILL "-$program" || kill -KILL "$program"
) 2>/dev/null &
watcher=$!
wait "$program"
status=$?
kill -KILL "$watcher" "-$program" 2>/dev/null
rm -rf "$folder"
exit "$status"
