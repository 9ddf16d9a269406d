%% SPDX-License-Identifier: Apache-2.0
%% Module dets: tables on disk.
-module(dets_cases).
-export([set_table/0, bag_table/0, duplicate_bag/0, reopening/0, traversing/0, matching/0, selecting/0, deleting/0, counters/0, info/0, repair/0, not_closed/0, errors/0, ets_both/0, many/0, shared/0, read_only/0, foldl/0, init_table/0, sync/0, first_next/0, large_objects/0]).
-import(conformance, [id/1, err/1]).

%% The servers, where no kernel application has started them.
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

open(D, Options) -> dets:open_file(table_of_case, [{file, D ++ "t"} | Options]).

%% Without the file's name.
why({error, {Why, _}}) -> Why;
why({error, {Why, _, More}}) -> {Why, More}.

all(T) -> lists:sort(dets:match_object(T, '_')).

set_table() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        [dets:insert(T, {a, 1}), dets:insert(T, [{b, 2}, {c, 3}]), dets:insert(T, {a, 4}), all(T), dets:lookup(T, a), dets:lookup(T, none), dets:member(T, b), dets:insert_new(T, {b, 9}), dets:insert_new(T, [{x, 1}, {y, 2}]), all(T), dets:close(T)]
    end).

bag_table() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, [{type, bag}]),
        [dets:insert(T, [{a, 1}, {a, 2}, {a, 1}, {b, 1}]), lists:sort(dets:lookup(T, a)), dets:delete_object(T, {a, 1}), all(T), dets:delete(T, a), all(T), dets:close(T)]
    end).

duplicate_bag() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, [{type, duplicate_bag}]),
        [dets:insert(T, [{a, 1}, {a, 2}, {a, 1}]), lists:sort(dets:lookup(T, a)), dets:delete_object(T, {a, 1}), all(T), dets:close(T)]
    end).

reopening() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, [{keypos, 2}]),
        ok = dets:insert(T, [{v, N, integer_to_list(N)} || N <- lists:seq(1, 1000)]),
        ok = dets:close(T),
        {ok, T} = open(D, [{keypos, 2}]),
        R = {length(all(T)), dets:lookup(T, 500), dets:info(T, size), dets:info(T, keypos), dets:close(T)},
        {R, open(D, [{keypos, 1}]) =/= x, dets:close(T), dets:is_dets_file(D ++ "t"), why(dets:is_dets_file(D ++ "none"))}
    end).

traversing() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, [{N, N * N} || N <- lists:seq(1, 100)]),
        [lists:sort(dets:traverse(T, fun({K, V}) when K rem 10 =:= 0 -> {continue, V}; (_) -> continue end)), dets:foldl(fun({_, V}, A) -> A + V end, 0, T), dets:traverse(T, fun(_) -> {done, x} end), dets:close(T)]
    end).

matching() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, [{N, N rem 3, x} || N <- lists:seq(1, 50)]),
        {M, _} = dets:match(T, {'$1', 0, '_'}, 5),
        [lists:sort(dets:match(T, {'$1', 1, '_'})), dets:match(T, {7, '$1', '$2'}), length(M) > 0, lists:sort(dets:match_object(T, {'_', 2, x})), dets:match_delete(T, {'_', 0, '_'}), dets:info(T, size), dets:close(T)]
    end).

selecting() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, [{N, N rem 7} || N <- lists:seq(1, 100)]),
        [lists:sort(dets:select(T, [{{'$1', '$2'}, [{'>', '$1', 90}], [{{'$2', '$1'}}]}])), dets:select_delete(T, [{{'$1', 3}, [], [true]}]), dets:info(T, size), err(fun() -> dets:select(T, foo) end), dets:close(T)]
    end).

deleting() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, [{N, x} || N <- lists:seq(1, 20)]),
        [dets:delete(T, 5), dets:delete(T, 100), dets:delete_object(T, {6, y}), dets:delete_object(T, {6, x}), dets:info(T, size), dets:delete_all_objects(T), dets:info(T, size), dets:close(T)]
    end).

counters() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, {c, 5, x}),
        [dets:update_counter(T, c, 3), dets:update_counter(T, c, {2, -10}), err(fun() -> dets:update_counter(T, none, 1) end), err(fun() -> dets:update_counter(T, c, {3, 1}) end), all(T), dets:close(T)]
    end).

info() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, [{min_no_slots, 512}]),
        ok = dets:insert(T, [{N, x} || N <- lists:seq(1, 10)]),
        [dets:info(T, I) || I <- [size, type, keypos, access, ram_file, auto_save, safe_fixed, version, foo]] ++ [lists:member(T, dets:all()), is_list(dets:info(T)), dets:info(none), dets:close(T), dets:info(T, size)]
    end).

repair() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, [{N, N} || N <- lists:seq(1, 500)]),
        ok = dets:close(T),
        {ok, B} = file:read_file(D ++ "t"),
        ok = file:write_file(D ++ "t", binary:part(B, 0, byte_size(B) div 2)),
        A = case open(D, [{repair, false}]) of {ok, T} -> dets:close(T), opened; {error, {W, _}} -> W; {error, W} -> W end,
        R = case open(D, [{repair, force}]) of {ok, T} -> S = dets:info(T, size), dets:close(T), S < 500; {error, X} -> element(1, X) end,
        ok = file:write_file(D ++ "t", "no table"),
        {A, R, case open(D, []) of {error, {Y, _}} -> Y; Z -> Z end}
    end).

%% A copy taken while the table was open says so.
not_closed() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, [{N, N} || N <- lists:seq(1, 300)]),
        ok = dets:sync(T),
        {ok, _} = file:copy(D ++ "t", D ++ "u"),
        ok = dets:close(T),
        A = case dets:open_file(other_of_case, [{file, D ++ "u"}, {repair, false}]) of {error, {W, _}} -> W; {ok, _} -> opened end,
        {ok, U} = dets:open_file(other_of_case, [{file, D ++ "u"}]),
        {A, dets:info(U, size), dets:lookup(U, 17), dets:close(U)}
    end).

errors() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        [err(F) || F <- [fun() -> dets:insert(T, foo) end, fun() -> dets:insert(T, {}) end, fun() -> dets:insert(none, {a}) end, fun() -> dets:lookup(none, a) end, fun() -> dets:open_file(x, [{file, D}]) =/= ok end, fun() -> dets:open_file(x, [{foo, 1}]) end, fun() -> dets:open_file(x, [{type, foo}]) end, fun() -> dets:close(none) end]] ++ [dets:close(T), err(fun() -> dets:insert(T, {a}) end)]
    end).

ets_both() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        E = ets:new(x, [set]),
        true = ets:insert(E, [{N, N} || N <- lists:seq(1, 100)]),
        A = [ets:to_dets(E, T), dets:info(T, size)],
        F = ets:new(y, [set]),
        B = [dets:to_ets(T, F) =:= F, ets:info(F, size), dets:from_ets(T, E), dets:info(T, size), dets:close(T)],
        {A, B}
    end).

many() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        [ok = dets:insert(T, {N, lists:duplicate(N rem 30, N)}) || N <- lists:seq(1, 3000)],
        [ok = dets:delete(T, N) || N <- lists:seq(1, 3000, 2)],
        [ok = dets:insert(T, {N, again}) || N <- lists:seq(1, 3000, 4)],
        R = {dets:info(T, size), erlang:crc32(term_to_binary(all(T)))},
        ok = dets:close(T),
        {ok, T} = open(D, []),
        S = {dets:info(T, size), erlang:crc32(term_to_binary(all(T)))},
        {R =:= S, R, dets:close(T)}
    end).

shared() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        R = conformance:in_process(fun() -> {ok, T} = open(D, []), ok = dets:insert(T, {from, other}), dets:close(T) end),
        {R, all(T), dets:close(T), err(fun() -> dets:lookup(T, a) end)}
    end).

read_only() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []), ok = dets:insert(T, {a, 1}), ok = dets:close(T),
        {ok, T} = open(D, [{access, read}]),
        [dets:lookup(T, a), why(dets:insert(T, {b, 1})), why(dets:delete(T, a)), dets:close(T)]
    end).

foldl() ->
    in_folder(fun(D) -> {ok, T} = open(D, []), ok = dets:insert(T, [{N} || N <- lists:seq(1, 50)]), [dets:foldl(fun({N}, A) -> N + A end, 0, T), dets:foldr(fun({N}, A) -> N + A end, 0, T), err(fun() -> dets:foldl(fun(_, _) -> throw(out) end, 0, T) end), dets:close(T)] end).

init_table() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        Feed = fun(N) -> fun F(read) -> if N > 5 -> end_of_input; true -> {[{N, x}, {N + 100, y}], (init_feed())(N + 1)} end; F(close) -> ok end end,
        [dets:init_table(T, Feed(1)), dets:info(T, size), dets:close(T)]
    end).

init_feed() -> fun(N) -> fun(read) -> if N > 5 -> end_of_input; true -> {[{N, x}], (init_feed())(N + 1)} end; (close) -> ok end end.

sync() -> in_folder(fun(D) -> {ok, T} = open(D, [{auto_save, infinity}, {ram_file, false}]), [dets:insert(T, {a}), dets:sync(T), dets:safe_fixtable(T, true), dets:info(T, safe_fixed) =/= false, dets:safe_fixtable(T, false), dets:close(T)] end).

first_next() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []), ok = dets:insert(T, [{N} || N <- lists:seq(1, 30)]),
        {lists:sort(keys(T, dets:first(T))), length(slots(T, 0)), dets:close(T)}
    end).

keys(_, '$end_of_table') -> [];
keys(T, K) -> [K | keys(T, dets:next(T, K))].

slots(T, N) ->
    case dets:slot(T, N) of
        '$end_of_table' -> [];
        L -> L ++ slots(T, N + 1)
    end.

large_objects() ->
    in_folder(fun(D) ->
        {ok, T} = open(D, []),
        ok = dets:insert(T, [{N, binary:copy(<<N>>, N * 10000)} || N <- lists:seq(1, 20)]),
        ok = dets:close(T),
        {ok, T} = open(D, []),
        {[erlang:crc32(element(2, hd(dets:lookup(T, N)))) || N <- lists:seq(1, 20)], dets:close(T)}
    end).
