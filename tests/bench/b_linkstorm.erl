%% SPDX-License-Identifier: Apache-2.0
-module(b_linkstorm).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

%% N linked processes (all linked to a root); the root is killed; time until all are dead
run(N) ->
    Self = self(),
    Root = spawn(fun() -> root(N, Self) end),
    receive ready -> ok end,
    Before = erlang:system_info(process_count),
    exit(Root, kill),
    wait(Before - N),
    N.

root(N, Self) -> spawn_n(N), Self ! ready, receive never -> ok end.

spawn_n(0) -> ok;
spawn_n(N) -> spawn_link(fun() -> receive never -> ok end end), spawn_n(N - 1).

wait(Target) ->
    case erlang:system_info(process_count) of
        C when C =< Target + 1 -> ok;
        _ -> receive after 1 -> wait(Target) end
    end.
