s/\([0-9.]+ms\)/(TIME)/g
s/^Finished in .*/Finished/
s/#PID<[0-9.]+>/#PID<>/g
s/^.*, ([0-9]+ failures?)$/\1/
