%% SPDX-License-Identifier: Apache-2.0
%% What the Gleam program calls of OTP.
-module(ledger_ffi).
-export([arguments/0, print/1, read_line/0, write_file/2, read_file/1, int_text/1, in_process/1, stop/1, words/1, parse_int/1]).

arguments() -> [unicode:characters_to_binary(A) || A <- init:get_plain_arguments()].

print(Line) -> io:put_chars([Line, $\n]), nil.

read_line() ->
    case io:get_line("") of
        eof -> {error, nil};
        Line when is_binary(Line) -> {ok, string:trim(Line)};
        Line -> {ok, unicode:characters_to_binary(string:trim(Line))}
    end.

write_file(Path, Text) -> result(file:write_file(Path, Text)).

read_file(Path) -> result(file:read_file(Path)).

result(ok) -> {ok, nil};
result({ok, Value}) -> {ok, Value};
result({error, Reason}) -> {error, atom_to_binary(Reason)}.

int_text(N) -> integer_to_binary(N).

in_process(Run) ->
    %% An error would be logged, or not, as the node is ending.
    {Pid, Ref} = spawn_monitor(fun() -> exit(try {value, Run()} catch error:Reason -> Reason end) end),
    receive
        {'DOWN', Ref, process, Pid, {value, Value}} -> {ok, Value};
        {'DOWN', Ref, process, Pid, Reason} -> {error, unicode:characters_to_binary(io_lib:format("~tp", [Reason]))}
    end.

stop(Code) -> init:stop(Code), timer:sleep(infinity).

words(Line) -> string:lexemes(Line, " ").

parse_int(Text) ->
    try {ok, binary_to_integer(Text)}
    catch error:badarg -> {error, nil} end.
