%% SPDX-License-Identifier: Apache-2.0
-module(b_mapsmall).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) -> loop(N, #{a => 1, b => 2, c => 3, d => 0, count => 0, name => foo, state => idle}, 0).

loop(0, M, Acc) -> {maps:get(count, M), Acc};
loop(N, #{a := A, count := C, state := S} = M, Acc) ->
    M1 = M#{count := C + 1, d => N, state := flip(S)},
    M2 = case M1 of
             #{d := D} when D band 7 =:= 0 -> maps:remove(extra, M1);
             _ -> maps:put(extra, N, M1)
         end,
    K = case M2 of #{extra := X} -> X; _ -> 0 end,
    R = mk(N, A),
    #{x := RX} = R,
    loop(N - 1, M2, (Acc + A + K + RX) band 16#ffffff).

flip(idle) -> busy;
flip(busy) -> idle.

mk(N, A) -> #{x => N, y => A, z => [N]}.
