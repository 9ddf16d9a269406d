%% SPDX-License-Identifier: Apache-2.0
%% An application that leaves something of every kind behind when its service is removed. churn.py puts another number in place of
%% 00000, so that no two of them have a name, a literal or code in common.
-module(churn_00000).
-behaviour(application).
-export([start/2, stop/1, init/1, busy/0, server_00000/1, step_00000/2, mint/1, mint_and_drop/2]).

start(_, _) -> {ok, spawn_link(?MODULE, init, [only_00000])}.

stop(_) -> ok.

init(Name) ->
	register(registered_00000, self()),
	ets:new(table_00000, [named_table, public]),
	persistent_term:put({?MODULE, key_00000}, {value_00000, fun ?MODULE:step_00000/2, [Name]}),
	server_00000(fun(X) -> {X, Name, made_00000} end).

server_00000(F) ->
	receive
		{From, busy_00000} ->
			From ! {self(), F(#{key_00000 => literal_00000,
				<<"text 00000 that is longer than sixty-four bytes, so that it lies off the heap: 00000">> => 1.5})},
			?MODULE:server_00000(F)
	end.

step_00000(X, Y) -> {stepped_00000, X, Y}.

busy() ->
	Pid = whereis(registered_00000),
	Pid ! {self(), busy_00000},
	{#{key_00000 := literal_00000}, only_00000, made_00000} = receive {Pid, A} -> A end,
	Minted = [list_to_atom("minted_00000_" ++ integer_to_list(I)) || I <- lists:seq(1, 100)],
	ets:insert(table_00000, [{M, self(), fun() -> M end} || M <- Minted]),
	{value_00000, F, _} = persistent_term:get({?MODULE, key_00000}),
	{stepped_00000, 1, 2} = F(1, 2),
	{'EXIT', {undef, _}} = (catch apply(nobody_00000, nothing_00000, [])),
	erlang:send_after(100000, Pid, {late_00000, Minted}),
	Minted = binary_to_term(term_to_binary(Minted)),
	_ = [spawn(fun() -> receive never_00000 -> ok end end) || _ <- lists:seq(1, 10)],
	ok.

%% Makes atoms by one way, and keeps them, until it is stopped, and tells how.
mint(Way) -> mint(Way, 1, []).

mint(Way, N, Kept) when N < 100000 ->
	try mint_one(Way, "00000_" ++ atom_to_list(Way) ++ integer_to_list(N), N) of
		{ok, Atom} -> mint(Way, N + 1, [Atom | Kept]);
		Other -> Other
	catch
		error:Reason -> Reason
	end;
mint(_, _, _) -> never.

%% The same without keeping them.
mint_and_drop(Way, Count) -> mint_and_drop(Way, 1, Count).

mint_and_drop(_, N, Count) when N > Count -> ok;
mint_and_drop(Way, N, Count) ->
	{ok, _} = mint_one(Way, "00000_" ++ atom_to_list(Way) ++ integer_to_list(N), N),
	mint_and_drop(Way, N + 1, Count).

mint_one(list, Text, _) -> {ok, list_to_atom("a" ++ Text)};
mint_one(term, Text, _) -> {ok, binary_to_term(<<131, 119, (length(Text) + 1), $a, (list_to_binary(Text))/binary>>)};
mint_one(scan, Text, _) ->
	case erl_scan:string("a" ++ Text) of
		{ok, [{atom, _, Atom}], _} -> {ok, Atom};
		{error, {_, erl_scan, {illegal, atom}}, _} -> system_limit
	end;
mint_one(call, Text, _) ->
	Atom = list_to_atom("a" ++ Text),
	case catch apply(nobody_00000, Atom, []) of
		{'EXIT', {undef, _}} -> {ok, Atom};
		{'EXIT', {Reason, _}} -> Reason
	end;
mint_one(load, _, N) ->
	{ok, File} = file:read_file(code:which(?MODULE)),
	Number = list_to_binary(integer_to_list(100000 - N)),
	Code = binary:replace(File, <<"00000">>, <<(binary:copy(<<"0">>, 5 - byte_size(Number)))/binary, Number/binary>>, [global]),
	case erlang:load_module(binary_to_atom(<<"churn_", Number/binary>>), Code) of
		{module, Atom} -> {ok, Atom};
		{error, Reason} -> Reason
	end.
