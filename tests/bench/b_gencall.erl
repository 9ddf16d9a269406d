%% SPDX-License-Identifier: Apache-2.0
-module(b_gencall).
-export([main/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, code_change/3]).

main([S]) when is_list(S) -> main(list_to_integer(S));
main([A]) when is_atom(A) -> main(list_to_integer(atom_to_list(A)));
main(N) when is_integer(N) ->
    Self = self(),
    spawn(fun() -> Self ! {done, run(N)} end),
    receive {done, R} -> erlang:display({?MODULE, R}) end.

run(N) ->
    {ok, P} = gen_server:start_link(?MODULE, 0, []),
    R = loop(N, P, 0),
    gen_server:stop(P),
    R.

loop(0, _, A) -> A;
loop(N, P, A) ->
    gen_server:cast(P, {add, N}),
    loop(N - 1, P, (A + gen_server:call(P, get)) band 16#ffffffff).

init(S) -> {ok, S}.
handle_call(get, _From, S) -> {reply, S, S}.
handle_cast({add, N}, S) -> {noreply, (S + N) band 16#ffff}.
handle_info(_, S) -> {noreply, S}.
terminate(_, _) -> ok.
code_change(_, S, _) -> {ok, S}.
