%% SPDX-License-Identifier: Apache-2.0
%% Keeps atoms in every place that there is, each in one, and tells which are there. No text of theirs is an atom of this module.
-module(atom_keeper).
-export([keep/0, kept/0]).

keep() ->
	Keeper = spawn(fun() -> keeper(keep_atom("stack")) end),
	register(keep_atom("name"), Keeper),
	Keeper ! {keep_atom("mailbox"), 1},
	put(keep_atom("dictionary_key"), [keep_atom("dictionary_value")]),
	T = ets:new(keep_atom("table"), [named_table, public, {heir, Keeper, keep_atom("heir_data")}]),
	ets:insert(T, {keep_atom("key"), #{keep_atom("map") => {keep_atom("value")}}}),
	O = ets:new(ordered, [ordered_set, public, {heir, Keeper, none}]),
	ets:insert(O, [{I, keep_atom("ordered" ++ integer_to_list(I))} || I <- lists:seq(1, 100)]),
	persistent_term:put({atom_keeper, keep_atom("persistent_key")}, keep_atom("persistent_value")),
	erlang:send_after(100000000, Keeper, keep_atom("timer")),
	erlang:send_after(100000000, keep_atom("timer_to"), keep_atom("timer_named")),
	Port = open_port({spawn, "cat"}, [binary]),
	erlang:port_set_data(Port, keep_atom("port_data")),
	register(keep_atom("port_name"), Port),
	Keeper ! {fan, Port},
	Port ! {self(), {connect, Keeper}},
	Monitored = erlang:monitor(process, Keeper, [{tag, keep_atom("tag")}]),
	persistent_term:put({atom_keeper, fan}, fun kept:kept_external/3),
	spawn(fun() -> keeper(lists:foldl(fun(I, L) -> {I, [L | L]} end, keep_atom("deep"), lists:seq(1, 200))) end),
	_ = [keep_atom("dropped" ++ integer_to_list(I)) || I <- lists:seq(1, 1000)],
	spawn(fun() -> keeper({T, O, Monitored}) end),
	ok.

keep_atom(Text) -> list_to_atom("kept_" ++ Text).

keeper(Kept) -> receive {tell, Pid} -> Pid ! Kept, keeper(Kept) end.

kept() ->
	Texts = ["stack", "name", "mailbox", "table", "heir_data", "key", "map", "value", "ordered1", "ordered100", "persistent_key", "persistent_value",
		"timer", "timer_to", "timer_named", "port_data", "port_name", "deep"],
	Lost = [X || X <- Texts, not exists("kept_" ++ X)],
	Left = [I || I <- lists:seq(1, 1000), exists("kept_dropped" ++ integer_to_list(I))],
	{name, Keeper} = {name, whereis(list_to_existing_atom("kept_name"))},
	Keeper ! {tell, self()},
	Stack = receive S -> S after 10000 -> late end,
	[{Key, #{} = Map}] = ets:tab2list(list_to_existing_atom("kept_table")),
	[{MapKey, {Value}}] = maps:to_list(Map),
	Found = [Stack, persistent_term:get({?MODULE, list_to_existing_atom("kept_persistent_key")}), Key, MapKey, Value],
	{Lost, length(Left), [exists("kept_" ++ X) || X <- ["dictionary_key", "tag", "never_made"]],
		[atom_to_list(A) || A <- Found] =:= ["kept_stack", "kept_persistent_value", "kept_key", "kept_map", "kept_value"],
		Found =:= [list_to_existing_atom(atom_to_list(A)) || A <- Found]}.

exists(Text) ->
	try list_to_existing_atom(Text) of
		_ -> true
	catch
		error:badarg -> false
	end.
