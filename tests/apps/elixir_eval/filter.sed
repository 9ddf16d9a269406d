s/[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}/TIME/
s/#PID<[0-9.]+>/#PID<>/g
# Whether the logger still gets to say it is left to chance.
/TIME \[error\] Process/,/^\*\* /d
/^$/d
