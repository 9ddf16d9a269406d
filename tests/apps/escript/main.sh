# escript files: sources, with a module of their own, archives made with escript:create; arguments, exit codes, errors.
export LC_ALL=C.UTF-8
try() { "$@" && echo "exit 0" || echo "exit $?"; }
try escript fact 5
try escript fact
try escript fact five
try escript compiled a "b c" é
try escript fails crash
try escript fails exit
try escript fails halt
try escript fails badarg
try escript fails undef
try escript broken
try escript no_such_file
try escript -c fact 6
try escript -n fact 6
try escript -s fact
printf 'one\ntwo\nthree\n' | try escript lines
try escript make_archive
try escript tool add 1 2 3
try escript tool show
try escript tool raise
try escript beam_tool x y
try escript -i fact 7
