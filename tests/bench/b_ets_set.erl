%% SPDX-License-Identifier: Apache-2.0
-module(b_ets_set).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) ->
    T = ets:new(t, [set, public]),
    ins(N, 7, T),
    A = look(N, 7, T, 0),
    B = cnt(N, T, 0),
    S = ets:info(T, size),
    C = ets:foldl(fun({_, V, _}, Acc) -> (V + Acc) band 16#ffffffff end, 0, T),
    ets:delete(T),
    {S, A, B, C}.

next(S) -> (S * 1103515245 + 12345) band 16#7fffffff.

ins(0, _, _) -> ok;
ins(N, S, T) -> S1 = next(S), ets:insert(T, {S1, N, [foo, bar]}), ins(N - 1, S1, T).

look(0, _, _, A) -> A;
look(N, S, T, A) ->
    S1 = next(S),
    [{_, V, _}] = ets:lookup(T, S1),
    look(N - 1, S1, T, (A + V + ets:lookup_element(T, S1, 2)) band 16#ffffffff).

cnt(0, _, A) -> A;
cnt(N, T, A) -> cnt(N - 1, T, A + ets:update_counter(T, {k, N rem 1000}, {2, 1}, {{k, N rem 1000}, 0, []})).
