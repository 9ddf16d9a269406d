%% SPDX-License-Identifier: Apache-2.0
-module(b_selrecv).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

%% 500 unmatched messages in the mailbox; selective receive by tag and with a fresh ref
run(N) ->
    Self = self(),
    [Self ! {junk, I} || I <- lists:seq(1, 500)],
    P = spawn(fun() -> echo() end),
    A = sel(N, P, Self, 0),
    B = refs(N, P, Self, 0),
    P ! stop,
    {A, B}.

echo() ->
    receive
        {e, From, X} -> From ! {reply, X}, echo();
        {r, From, Ref, X} -> From ! {Ref, X}, echo();
        stop -> ok
    end.

sel(0, _, _, A) -> A;
sel(N, P, S, A) -> P ! {e, S, N}, receive {reply, X} -> sel(N - 1, P, S, A + X) end.

refs(0, _, _, A) -> A;
refs(N, P, S, A) ->
    Ref = make_ref(),
    P ! {r, S, Ref, N},
    receive {Ref, X} -> refs(N - 1, P, S, A + X) end.
