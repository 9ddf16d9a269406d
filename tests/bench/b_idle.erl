%% SPDX-License-Identifier: Apache-2.0
-module(b_idle).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

%% N idle processes, all alive at the end: peak memory is what this one is for.
run(N) -> spawn_n(N), N.

spawn_n(0) -> ok;
spawn_n(N) -> spawn(fun() -> receive never -> ok end end), spawn_n(N - 1).
