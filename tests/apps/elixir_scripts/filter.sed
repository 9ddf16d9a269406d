s/[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}/TIME/
s/#PID<[0-9.]+>/#PID<>/g
s/Finished in .*/Finished/
s/^( *\(?)[0-9.]+ms/\1Nms/
s/#Reference<[0-9.]+>/#Reference<>/g
s/#Function<[0-9]+\.[0-9]+/#Function</
