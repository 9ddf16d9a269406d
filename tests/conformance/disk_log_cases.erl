%% SPDX-License-Identifier: Apache-2.0
%% Module disk_log: halt and wrap logs, of terms and of bytes.
-module(disk_log_cases).
-export([halt_log/0, external_log/0, wrap_log/0, chunks/0, asynchronous/0, full_halt/0, truncating/0, reopening_logs/0, inc_wrap/0, changing_size/0, info/0, errors/0, repair/0, blocking/0, notifying/0, readers/0, binary_terms/0, large_terms/0, rotating/0]).
-import(conformance, [id/1, err/1]).

in_folder(Fun) ->
    case whereis(file_server_2) of
        undefined -> {ok, _} = file_server:start();
        _ -> ok
    end,
    case whereis(kernel_safe_sup) of
        undefined ->
            Self = self(),
            spawn(fun() -> {ok, _} = supervisor:start_link({local, kernel_safe_sup}, kernel, safe), Self ! started, receive never -> ok end end),
            receive started -> ok end;
        _ -> ok
    end,
    Dir = "/tmp/cases-" ++ os:getpid() ++ "-" ++ integer_to_list(erlang:unique_integer([positive])),
    ok = file:make_dir(Dir),
    try Fun(Dir ++ "/") after ok = file:del_dir_r(Dir) end.

open(D, Options) -> disk_log:open([{name, log_of_case}, {file, D ++ "log"} | Options]).

all(L) -> all(L, disk_log:chunk(L, start)).
all(_, eof) -> [];
all(L, {C, Terms}) -> Terms ++ all(L, disk_log:chunk(L, C));
all(_, E) -> [E].

halt_log() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, []),
        [disk_log:log(L, a), disk_log:log(L, {b, "text"}), disk_log:log_terms(L, [c, d, [e]]), disk_log:sync(L), all(L), disk_log:close(L), filelib:file_size(D ++ "log")]
    end).

external_log() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, [{format, external}]),
        [disk_log:blog(L, "bytes\n"), disk_log:blog_terms(L, ["more ", <<"of ">>, "them\n"]), disk_log:log(L, a), disk_log:chunk(L, start), disk_log:close(L), file:read_file(D ++ "log")]
    end).

wrap_log() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, [{type, wrap}, {size, {200, 3}}]),
        R = [disk_log:log(L, {N, "some text to fill it"}) || N <- lists:seq(1, 30)],
        T = all(L),
        {lists:usort(R), hd(T), lists:last(T), length(T), disk_log:close(L), lists:sort(filelib:wildcard("*", D))}
    end).

chunks() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, []),
        ok = disk_log:log_terms(L, lists:seq(1, 100)),
        {C, A} = disk_log:chunk(L, start, 7),
        {_, B} = disk_log:chunk(L, C, 3),
        {A, B, err(fun() -> disk_log:chunk(L, foo) end), err(fun() -> disk_log:chunk(L, start, 0) end), element(1, disk_log:chunk_step(L, start, 1)), disk_log:close(L)}
    end).

asynchronous() ->
    in_folder(fun(D) -> {ok, L} = open(D, []), A = [disk_log:alog(L, N) || N <- lists:seq(1, 10)] ++ [disk_log:alog_terms(L, [x, y]), disk_log:balog(L, term_to_binary(z))], ok = disk_log:sync(L), {lists:usort(A), all(L), disk_log:close(L)} end).

full_halt() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, [{size, 100}]),
        R = [disk_log:log(L, {N, "twenty bytes of text"}) || N <- lists:seq(1, 5)],
        {[case X of {error, {full, _}} -> full; _ -> X end || X <- R], length(all(L)), disk_log:close(L)}
    end).

truncating() ->
    in_folder(fun(D) -> {ok, L} = open(D, []), ok = disk_log:log_terms(L, [a, b]), [disk_log:truncate(L), all(L), disk_log:log(L, c), disk_log:truncate(L, head), all(L), disk_log:close(L)] end).

reopening_logs() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, []), ok = disk_log:log(L, first), A = disk_log:reopen(L, D ++ "old"), ok = disk_log:log(L, second), B = all(L), ok = disk_log:close(L),
        {ok, M} = open(D, []), C = all(M), ok = disk_log:close(M),
        {A, B, C, disk_log:close(M), filelib:is_file(D ++ "old")}
    end).

inc_wrap() ->
    in_folder(fun(D) -> {ok, L} = open(D, [{type, wrap}, {size, {1000, 4}}]), [disk_log:log(L, one), disk_log:inc_wrap_file(L), disk_log:log(L, two), all(L), proplists:get_value(current_file, disk_log:info(L)), disk_log:close(L)] end).

changing_size() ->
    in_folder(fun(D) -> {ok, L} = open(D, [{type, wrap}, {size, {100, 2}}]), [disk_log:change_size(L, {200, 5}), proplists:get_value(size, disk_log:info(L)), disk_log:change_size(L, foo), disk_log:close(L)] end).

info() ->
    in_folder(fun(D) -> {ok, L} = open(D, [{head, the_head}]), ok = disk_log:log_terms(L, [a, b]), I = disk_log:info(L), [proplists:get_value(K, I) || K <- [name, type, format, size, items, no_items, mode, status, head, no_written_items]] ++ [lists:member(L, element(1, disk_log:accessible_logs()) ++ disk_log:all()) || erlang:function_exported(disk_log, all, 0)] ++ [disk_log:close(L), disk_log:info(none)] end).

errors() ->
    in_folder(fun(D) ->
        [err(F) || F <- [fun() -> disk_log:log(none, a) end, fun() -> disk_log:close(none) end, fun() -> disk_log:open([{name, x}, {foo, 1}]) end, fun() -> disk_log:open([]) end, fun() -> disk_log:open([{name, x}, {file, D ++ "a"}, {type, wrap}]) =/= ok end, fun() -> element(1, disk_log:open([{name, x}, {file, D ++ "no/a"}])) end, fun() -> lists:flatten(disk_log:format_error({error, no_such_log})) end]]
    end).

repair() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, []), ok = disk_log:log_terms(L, [a, b, c]), ok = disk_log:sync(L), {ok, B} = file:read_file(D ++ "log"), ok = disk_log:close(L),
        ok = file:write_file(D ++ "log", binary:part(B, 0, byte_size(B) - 3)),
        R = case open(D, []) of {repaired, _, X, Y} -> {repaired, X, Y}; {ok, _} -> ok; E -> E end,
        T = all(log_of_case), ok = disk_log:close(log_of_case),
        ok = file:write_file(D ++ "log", "nothing"),
        {R, T, case open(D, []) of {error, {W, _}} -> W; {error, W} -> W; Z -> element(1, Z) end, case open(D, [{repair, truncate}]) of {error, {V, _}} -> V; Q -> element(1, Q) end}
    end).

blocking() -> in_folder(fun(D) -> {ok, L} = open(D, []), [disk_log:block(L), proplists:get_value(status, disk_log:info(L)), disk_log:unblock(L), disk_log:unblock(L), disk_log:log(L, a), disk_log:close(L)] end).

notifying() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, [{type, wrap}, {size, {60, 2}}, {notify, true}]),
        [ok = disk_log:log(L, {N, "some twenty bytes"}) || N <- lists:seq(1, 4)],
        ok = disk_log:close(L),
        got()
    end).

got() -> receive {disk_log, _, _, M} -> [M | got()] after 0 -> [] end.

readers() ->
    in_folder(fun(D) ->
        {ok, L} = open(D, []), ok = disk_log:log(L, a), ok = disk_log:close(L),
        {ok, L} = open(D, [{mode, read_only}]),
        [all(L), case disk_log:log(L, b) of {error, {W, _}} -> W; E -> E end, disk_log:close(L)]
    end).

binary_terms() -> in_folder(fun(D) -> {ok, L} = open(D, []), [disk_log:blog(L, term_to_binary(a)), disk_log:log(L, b), disk_log:bchunk(L, start) =/= eof, all(L), disk_log:close(L)] end).

large_terms() ->
    in_folder(fun(D) -> {ok, L} = open(D, []), T = [{N, binary:copy(<<N>>, 50000)} || N <- lists:seq(1, 10)], ok = disk_log:log_terms(L, T), {all(L) =:= T, disk_log:close(L)} end).

rotating() ->
    in_folder(fun(D) -> case err(fun() -> open(D, [{type, rotate}, {size, {100, 3}}, {format, external}]) end) of {value, {ok, L}} -> [ok = disk_log:blog(L, lists:duplicate(40, $a + N)) || N <- lists:seq(1, 6)], ok = disk_log:close(L), length(filelib:wildcard("*", D)) > 1; E -> element(1, E) end end).
