%% What the cases of command lines call.
-module(hello).
-export([start/0, start/1, main/1, echo/0]).

start() -> io:format("hello~n").
start(Words) -> io:format("~p~n", [Words]).
main(Words) -> start(Words).

echo() ->
    case io:get_line("") of
        eof -> io:format("end~n");
        Line -> io:format("~ts", [string:uppercase(Line)]), echo()
    end.
