%% SPDX-License-Identifier: Apache-2.0
-module(b_spawn).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

%% spawn + exit; each child reports once in 100
run(N) -> loop(N, self(), 0).

loop(0, _, Acc) -> Acc;
loop(N, Self, Acc) when N rem 100 =:= 0 ->
    spawn(fun() -> Self ! {r, N} end),
    receive {r, K} -> loop(N - 1, Self, Acc + K) end;
loop(N, Self, Acc) ->
    spawn(fun() -> N + 1 end),
    loop(N - 1, Self, Acc).
