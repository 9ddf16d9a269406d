%% SPDX-License-Identifier: Apache-2.0
%% BIFs on arguments so large that no scheduler waits for them: values, errors and stacks are those of small ones.
-module(long_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, in_process/1, died/1]).

l_() -> lists:seq(1, id(30000)).
digest_(T) -> erlang:md5(T).

hashes() -> L = l_(), [erlang:phash2(L), erlang:phash2({L, L}, 1000), erlang:phash(L, 77), erlang:phash2(maps:from_keys(L, x)), erlang:phash2(list_to_tuple(L))].
to_binary_and_back() -> L = l_(), B = term_to_binary({L, list_to_tuple(L), #{L => 1}}), {byte_size(B), digest_(B), binary_to_term(B) =:= {L, list_to_tuple(L), #{L => 1}}, erlang:external_size(L), digest_(iolist_to_binary(erlang:term_to_iovec(L)))}.
compressed() -> L = l_(), B = term_to_binary(L, [compressed]), {byte_size(B) < 200000, binary_to_term(B) =:= L, binary_to_term(<<B/binary, 1, 2>>, [used]) =:= {L, byte_size(B)}}.
binary_to_term_wrong() -> B = term_to_binary(l_()), [err(fun() -> binary_to_term(id(X)) end) || X <- [binary:part(B, 0, byte_size(B) - 1), <<B/binary, 1>>]] =/= [].
append_subtract() -> L = l_(), A = L ++ [x | y], B = L -- lists:seq(1, 30000, 2), {length(L ++ L), lists:nthtail(29999, A), length(B), lists:sum(B), digest_(iolist_to_binary([X band 255 || X <- lists:reverse(B)]))}.
append_wrong() -> L = l_() ++ x, [element(1, element(2, {a, catch id(L) ++ [1]})), element(1, element(2, {a, catch id([1]) -- L}))].
maps_of_lists() -> L = l_(), M = maps:from_list([{X, -X} || X <- L]), {map_size(M), maps:get(777, M), lists:sum(maps:keys(M)), lists:sum(maps:values(M)), map_size(maps:merge(M, maps:from_keys(lists:seq(20000, 50000), a))), maps:get(30000, maps:merge(M, maps:from_keys(L, a)))}.
maps_wrong() -> L = l_(), [rs_(F) || F <- [fun() -> maps:from_list(id(L)) end, fun() -> maps:from_keys(id(L ++ x), 1) end]].
io_lists() -> L = [[X band 255, <<X:16>>] || X <- l_()], B = iolist_to_binary(L), {iolist_size(L), digest_(B), digest_(L), erlang:crc32(L), erlang:adler32(L), list_to_binary(L) =:= B, list_to_bitstring(L) =:= B, iolist_to_binary(erlang:iolist_to_iovec(L)) =:= B, digest_(binary_to_list(B)), length(bitstring_to_list(<<B/bits, 1:3>>))}.
io_lists_wrong() -> L = l_(), [rs_(F) || F <- [fun() -> iolist_to_binary(id(L)) end, fun() -> iolist_size(id(L)) end, fun() -> apply(erlang, list_to_binary, id([L])) end]].
characters() -> L = [X rem 55000 || X <- l_()], B = unicode:characters_to_binary(L), {byte_size(B), digest_(B), unicode:characters_to_list(B) =:= L, digest_(unicode:characters_to_binary(L, utf8, utf16)), element(1, unicode:characters_to_binary(L ++ [16#D800])), element(1, unicode:characters_to_binary(binary:part(B, 0, byte_size(B) - 1)))}.
tables() -> L = l_(), T = ets:new(t, []), true = ets:insert(T, [{X, X} || X <- L]), false = ets:insert_new(T, [{X, X} || X <- lists:seq(30000, 60000)]), true = ets:insert_new(T, [{X, X} || X <- lists:seq(30001, 60000)]), {ets:info(T, size), ets:lookup(T, 777), err(fun() -> ets:insert(nobodys_table, id([{X} || X <- L])) end), try ets:insert(T, L) catch C:R -> {C, R} end}.
integers() -> I = id(1 bsl 300000) + 12345, B = integer_to_binary(I), {byte_size(B), digest_(B), binary_to_integer(B) =:= I, list_to_integer(integer_to_list(I)) =:= I, digest_(integer_to_binary(I, 16)), err(fun() -> binary_to_integer(<<B/binary, "x">>) end) =/= []}.
tail_call() -> in_process(fun() -> erlang:phash2(l_()) end).
by_apply() -> L = l_(), [apply(erlang, phash2, [L]), (fun erlang:phash2/1)(L), lists:map(fun erlang:phash2/1, [L, 1])].
caught() -> L = l_(), [catch element(1, maps:from_list(id(L))), try maps:from_list(id(L)) of _ -> no catch error:_ -> yes after ok end].
killed_meanwhile() -> L = l_(), {P, M} = spawn_monitor(fun() -> lp_(L) end), exit(P, kill), receive {'DOWN', M, _, _, R} -> R end.
lp_(L) -> erlang:phash2(L), lp_(L).
messages_meanwhile() -> L = l_(), S = self(), P = spawn(fun() -> S ! {h, erlang:phash2(L)}, receive {F, N} -> F ! {n, N + 1} end end), P ! {S, 1}, [receive {h, H} -> H end, receive {n, N} -> N end].
collected_between() -> L = l_(), [begin X = {I, erlang:phash2(L)}, erlang:garbage_collect(), X end || I <- [1, 2, 3]].
lengths() -> L = lists:seq(1, id(3000000)), N = length(L), {N, length(tl(L)) + length([a | L]), err(fun() -> length(L ++ x) =:= 1 end) =/= [], if length(L) > 5 -> long; true -> short end}.
rs_(F) -> try F() catch C:R:S -> {M, N, A, _} = hd(S), {C, R, M, N, is_list(A)} end.
copies() -> B = binary:copy(<<"abc">>, id(300000)), {byte_size(B), digest_(B), digest_(binary:copy(B)), binary:longest_common_prefix([B, <<B/binary, "x">>]), binary:longest_common_suffix([B, <<"x", B/binary>>]), rs_(fun() -> binary:copy(id(x), 300000) end)}.
tuples() -> T = erlang:make_tuple(id(100000), x), {tuple_size(T), element(100000, T), element(70000, erlang:make_tuple(100000, y, [{70000, z}])), rs_(fun() -> erlang:make_tuple(id(100000), y, [{100001, z}]) end)}.
members() -> L = l_(), L2 = lists:sublist(L, 29999) ++ [x], {lists:member(L2, [L, L, L2]), lists:member(L2, [L, L]), lists:member(L, lists:duplicate(20000, L2)), rs_(fun() -> lists:member(L2, id([L | L])) end)}.
large_objects() -> L = lists:seq(1, id(100000)), T = ets:new(t, [bag]), true = ets:insert(T, [{a, L}, {a, [L]}, {b, 1}]), {length(ets:lookup(T, a)), ets:lookup(T, a) =:= [{a, L}, {a, [L]}], ets:lookup(T, b)}.
persistent() -> L = l_(), persistent_term:put({?MODULE, L}, L), X = persistent_term:get({?MODULE, L}) =:= L, persistent_term:put({?MODULE, L}, [L]), {X, persistent_term:get({?MODULE, L}) =:= [L], persistent_term:erase({?MODULE, L}), persistent_term:get({?MODULE, L}, gone)}.
%% Collections of heaps that are so large that they are done in parts.
collected_with_a_deep_stack() -> in_process(fun() -> {deep_(id(400000), 0), digest_(deeper_(200000))} end).
deep_(0, A) -> A;
deep_(N, A) -> X = [N, {A, N}], 1 + deep_(N - 1, hd(X)) + length(X) - hd(tl(tuple_to_list({x, 2}))).
deeper_(0) -> [];
deeper_(N) -> B = <<(N band 255), 1>>, [B | deeper_(N - 1)].
collected_with_floats() -> in_process(fun() -> L = floats_(id(200000), 1.5, 0.25, []), {length(L), lists:foldl(fun(X, A) -> A + X end, 0.0, L), hd(L), lists:last(L)} end).
floats_(0, _, _, L) -> L;
floats_(N, A, B, L) -> C = A * 1.0000001 + B / 3.0, D = C - A * B, floats_(N - 1, C, B, [C * D + A | L]).
collected_with_a_dictionary() -> in_process(fun() -> [put({k, I}, {I, [I]}) || I <- lists:seq(1, id(60000))], L = [{I, I} || I <- lists:seq(1, 200000)], {length(L), lists:sum([element(1, get({k, I})) || I <- lists:seq(1, 60000)]), length(get())} end).
collected_with_buffers() -> in_process(fun() -> L = buffers_(id(3000), []), {length(L), digest_(L), lists:sum([byte_size(B) || <<_, B/binary>> <- L])} end).
buffers_(0, L) -> L;
buffers_(N, L) -> B = binary:copy(<<N:16>>, 100), [_ | _] = lists:seq(1, 200), buffers_(N - 1, [B, binary:part(B, 3, 70) | L]).
collected_with_large_messages() -> S = self(), P = in_(fun() -> received_(5, S, []) end), [P ! {m, I, lists:seq(I, 150000)} || I <- [1, 2, 3, 4, 5]], receive {P, R} -> R end.
in_(F) -> S = self(), spawn_link(fun() -> S ! {self(), F()} end).
received_(0, _, L) -> {length(L), [{I, length(M), lists:sum(M)} || {I, M} <- L]};
received_(N, S, L) -> receive {m, I, M} when length(M) > 10 -> received_(N - 1, S, [{I, [X + 1 || X <- M]} | L]) end.
collected_when_asked() -> in_process(fun() -> L = [{I, [I]} || I <- lists:seq(1, id(300000))], true = erlang:garbage_collect(), true = erlang:garbage_collect(self(), [{type, minor}]), {lists:sum([I || {I, [I]} <- L]), erlang:garbage_collect(self(), [{async, here}, {type, major}]), receive {garbage_collect, here, R} -> R end, length(L)} end).
killed_while_collected() -> [begin {P, M} = spawn_monitor(fun() -> grow_([]) end), receive after 30 -> ok end, exit(P, kill), receive {'DOWN', M, _, _, R} -> R end end || _ <- [1, 2, 3, 4]].
grow_(L) when length(hd(L)) > 1 -> grow_([]);
grow_(L) -> grow_(L, 400000).
grow_(_, 0) -> grow_([]);
grow_(L, N) -> grow_([{N, L} | L], N - 1).
told_of_while_collected() -> {P, M} = spawn_monitor(fun() -> grow_([]) end), L = [element(1, process_info(P, total_heap_size)) || _ <- lists:seq(1, 20)], exit(P, stop), receive {'DOWN', M, _, _, R} -> {lists:usort(L), R} end.
limited_heap() -> {P, M} = spawn_opt(fun() -> grow_([]) end, [monitor, {max_heap_size, #{size => 1000000, kill => true, error_logger => false}}]), receive {'DOWN', M, _, P, R} -> R end.
%% Subjects that are searched in pieces: what lies across their ends, of several patterns the longest, and what is not asked for twice.
subject_() -> B = binary:copy(<<"0123456789abcdefghijklmnopqrstuvw">>, id(40000)), {B, byte_size(B)}.
searched_for_one() -> {B, N} = subject_(), Z = <<"xyz">>,
    [{binary:match(<<(binary:part(B, 0, A))/binary, Z/binary, B/binary>>, Z), binary:match(<<(binary:part(B, 0, A))/binary, Z/binary, B/binary>>, Z, [{scope, {A + 1, N}}])} || A <- [262141 + I || I <- lists:seq(0, 5)] ++ [1048575, N]].
searched_for_many() -> {B, N} = subject_(), Ps = [<<"xyzzy">>, <<"xyz">>, <<"zyx">>, <<"vw0123456789abcdefghijklmnopqrstuvwxyzzyx">>], C = binary:compile_pattern(Ps),
    [[binary:match(<<(binary:part(B, 0, A))/binary, "xyzzyx", B/binary>>, P) || P <- [Ps, C]] || A <- lists:seq(32762, 32771) ++ [131071, N]].
all_matches() -> {B, N} = subject_(), L = binary:matches(B, [<<"9a">>, <<"9ab">>, <<"w0">>]), M = binary:matches(B, <<"w01">>),
    {length(L), lists:nth(70001, L), lists:last(L), erlang:phash2(L), length(M), erlang:phash2(M), length(binary:matches(B, <<"a">>, [{scope, {N - 2000, 1000}}])), binary:matches(B, <<"9b">>)}.
all_parts() -> {B, _} = subject_(), L = binary:split(B, <<"w0">>, [global]), [A, R] = binary:split(B, [<<"x">>, <<"vw0123">>]), {length(L), erlang:phash2(L), A, byte_size(R), binary:split(B, <<"99">>) =:= [B], erlang:phash2(binary:replace(B, <<"w0">>, <<"_">>, [global]))}.
long_patterns() -> {B, N} = subject_(), P = binary:part(B, 0, N - 33), Q = binary:part(B, 0, 33 * 1200), {binary:match(B, P), binary:matches(B, P), binary:match(B, <<P/binary, "x">>), binary:match(B, [<<Q/binary, "x">>, <<"vwx">>, <<"zzz">>]), binary:match(<<"a", B/binary>>, [<<Q/binary, "x">>, <<Q/binary, "0">>])}.
bytes_between() -> {B, N} = subject_(), <<_:3, S:N/binary, _/bits>> = <<0:3, B/binary, "xyz">>, {binary:match(S, <<"xyz">>), binary:match(S, <<"w0">>, [{scope, {N, -1000}}]), length(binary:matches(S, <<"w0">>))}.
searched_wrong() -> {B, N} = subject_(), [rs_(F) || F <- [fun() -> binary:match(B, id(<<>>)) end, fun() -> binary:matches(B, <<"a">>, [{scope, {N, 1}}]) end, fun() -> binary:split(B, <<"a">>, [x]) end]].
%% What would take for ever ends with its process.
endless_(0) -> [1];
endless_(N) -> T = endless_(N - 1), [T | T].
ended_in_a_long_call() ->
    S = self(),
    [begin {P, M} = spawn_opt(fun() -> process_flag(trap_exit, Traps), T = endless_(id(100)), S ! self(), erlang:phash2(T), exit(over) end, [monitor]), receive P -> ok end, receive after 20 -> ok end,
         exit(P, Why), receive {'DOWN', M, _, _, R} -> R end
     end || {Traps, Why} <- [{false, kill}, {true, kill}, {false, stop}]].
ended_by_a_link() -> S = self(), {P, M} = spawn_monitor(fun() -> T = endless_(id(100)), link(spawn(fun() -> receive stop -> exit(stopped) end end)), S ! {self(), element(2, process_info(self(), links))}, erlang:phash2(T) end),
    receive {P, [Q]} -> receive after 20 -> ok end, Q ! stop end, receive {'DOWN', M, _, _, R} -> R end.
not_ended() -> S = self(), L = l_(), P = spawn(fun() -> process_flag(trap_exit, true), S ! {self(), ready}, S ! {self(), [erlang:phash2(L) || _ <- lists:seq(1, 300)], [receive {'EXIT', S, X} -> X end || _ <- [1, 2]]} end),
    receive {P, ready} -> [exit(P, normal), exit(P, {a, reason})] end, receive {P, Hs, Xs} -> {lists:usort(Hs), Xs} end.
