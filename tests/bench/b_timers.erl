%% SPDX-License-Identifier: Apache-2.0
-module(b_timers).
-export([main/1]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) ->
    A = batch(N, 0),
    B = after_loop(N * 10, 0),
    {A, B}.

batch(0, A) -> A;
batch(N, A) ->
    Refs = [erlang:send_after(10000 + I, self(), {t, I}) || I <- lists:seq(1, 1000)],
    C = cancel(Refs, 0),
    R = erlang:start_timer(0, self(), go),
    receive {timeout, R, go} -> ok end,
    batch(N - 1, A + C).

cancel([], A) -> A;
cancel([R | T], A) -> case erlang:cancel_timer(R) of X when is_integer(X) -> cancel(T, A + 1); _ -> cancel(T, A) end.

after_loop(0, A) -> A;
after_loop(N, A) ->
    self() ! {m, N},
    receive {m, K} -> after_loop(N - 1, A + K) after 5000 -> A end.
