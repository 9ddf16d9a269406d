%% SPDX-License-Identifier: Apache-2.0
%% Processes that end in all ways, for the scripts of this folder.
-module(e2e_cases).
-export([labelled/0, tables/0, hoarder/0, suspender/0, helper/0, helper/2, helpers/1, fill/1, open_many/2, forgotten/2, read_large/1, blocked/1, blocked/2, looked_at/1, suspended/1,
         loop/0, ties/0, trap/0, spin/0, badmatch/0, own_exit/0, let_assert/0, panic/0, linked/0, linked_child/1, flood/1, same/0,
	flood_kinds/2, one_kind/1, leave/1, overflow/1, too_many_timers/1, too_many_atoms/1, too_large_table/1, backed_up/2, count/0, chain/1, counter/1, supervised/0, init/1, start_worker/0, worker/0]).

%% One of everything that ties processes, and what takes long.
ties() ->
	process_flag(trap_exit, true),
	register(e2e_ties, self()),
	Other = spawn_link(fun() -> receive stop -> ok end end),
	unlink(Other),
	_ = erlang:demonitor(erlang:monitor(process, Other)),
	Ref = erlang:monitor(process, Other),
	Other ! stop,
	receive {'DOWN', Ref, process, Other, normal} -> ok end,
	unregister(e2e_ties),
	long(lists:seq(1, 2000000)).

long(List) ->
	garbage_collect(),
	_ = lists:sort([-X || X <- List]),
	long(List).

loop() ->
	receive
		stop -> ok;
		{crash, Reason} -> erlang:error(Reason);
		_ -> loop()
	end.

trap() ->
	process_flag(trap_exit, true),
	loop().

spin() -> spin().

badmatch() ->
	{ok, _} = element(1, {{error, 17}}),
	ok.

own_exit() -> exit({own, reason}).

gleam(Kind, Message, Line) ->
	#{gleam_error => Kind, message => Message, file => <<"src/shop/checkout.gleam">>, module => <<"shop/checkout">>,
		function => <<"charge">>, line => Line}.

let_assert() ->
	erlang:error((gleam(let_assert, <<"Pattern match failed, no pattern matched the value.">>, 88))#{value => {error, declined}}).

panic() ->
	erlang:error(gleam(panic, <<"the till is empty">>, 12)).

%% A process that others die with: two linked ones, one of which traps exits.
linked() ->
	Self = self(),
	spawn(?MODULE, linked_child, [{Self, false}]),
	spawn(?MODULE, linked_child, [{Self, true}]),
	receive {linked, false} -> ok end,
	receive {linked, true} -> ok end,
	loop().

linked_child({Parent, Trap}) ->
	process_flag(trap_exit, Trap),
	link(Parent),
	Parent ! {linked, Trap},
	loop().

chain(0) -> loop();
chain(N) ->
	spawn_link(?MODULE, chain, [N - 1]),
	loop().

%% A supervisor with one worker, which may be started again twice.
supervised() ->
	process_flag(trap_exit, true),
	{ok, Supervisor} = supervisor:start_link({local, e2e_supervisor}, ?MODULE, []),
	receive {'EXIT', Supervisor, _} -> ok end.

init([]) ->
	{ok, {#{strategy => one_for_one, intensity => 2, period => 60}, [#{id => worker, start => {?MODULE, start_worker, []}}]}}.

start_worker() ->
	{ok, proc_lib:spawn_link(?MODULE, worker, [])}.

worker() ->
	register(e2e_worker, self()),
	loop().

%% N crashes of one kind.
flood(0) -> done;
flood(N) ->
	spawn(?MODULE, same, []),
	flood(N - 1).

same() -> erlang:error(the_same).

%% Kinds kinds of crashes, Each of each.
flood_kinds(0, _) -> done;
flood_kinds(Kinds, Each) ->
	Tag = list_to_atom("kind_" ++ integer_to_list(Kinds)),
	each(Each, Tag),
	flood_kinds(Kinds - 1, Each).

each(0, _) -> ok;
each(N, Tag) ->
	spawn(?MODULE, one_kind, [Tag]),
	each(N - 1, Tag).

one_kind(Tag) -> erlang:error({Tag, [1, 2, 3]}).

%% A service that gives up after so many milliseconds, in plain words.
leave(After) -> receive after After -> exit({crashed, on_purpose}) end.

%% How far a process that only counts comes: registered as counter, tells when asked.
count() -> counter(0).

counter(N) ->
	receive {From, ask} -> From ! N, counter(N)
	after 0 -> counter(N + 1)
	end.

%% A process that waits for a writer of a named pipe, and answers what it found.
blocked(Fifo) -> _ = prim_file:open(Fifo, [raw, read]), loop().

%% N of them.
blocked(Fifo, N) -> [spawn(fun() -> blocked(Fifo) end) || _ <- lists:seq(1, N)], N.

%% It answers while it is blocked.
looked_at(Fifo) ->
    {Pid, Ref} = spawn_monitor(fun() -> blocked(Fifo) end),
    in_open(Pid),
    Pid ! one,
    Pid ! two,
    Info = [process_info(Pid, Item) || Item <- [messages, links, trap_exit]],
    Uses = {erlang:check_process_code(Pid, lists), erlang:garbage_collect(Pid)},
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, Why} -> {Info, Uses, Why} end.

in_open(Pid) ->
    case process_info(Pid, current_function) of
        {current_function, {prim_file, open_nif, 2}} -> ok;
        _ -> erlang:yield(), in_open(Pid)
    end.

%% Suspended, it does not go on when the call returns.
suspended(Fifo) ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() -> _ = prim_file:open(Fifo, [raw, read]), Self ! opened end),
    in_open(Pid),
    true = erlang:suspend_process(Pid),
    {ok, F} = prim_file:open(Fifo, [raw, write]),
    ok = prim_file:close(F),
    Quiet = receive opened -> false after 100 -> true end,
    true = erlang:resume_process(Pid),
    receive opened -> ok end,
    receive {'DOWN', Ref, process, Pid, Why} -> {Quiet, Why} end.

%% Fills a small disk: by one large write, by many small ones, by a folder's worth of names; then makes room again.
fill(Dir) ->
    ok = prim_file:write_file(Dir ++ "/kept", "here before"),
    {ok, F} = prim_file:open(Dir ++ "/large", [raw, write]),
    A = prim_file:write(F, binary:copy(<<"0123456789">>, 100000)),
    B = prim_file:pwrite(F, 1000000, "x"),
    C = prim_file:allocate(F, 0, 1 bsl 30),
    D = prim_file:write_file(Dir ++ "/more", binary:copy(<<"x">>, 10000)),
    ok = prim_file:close(F),
    _ = prim_file:delete(Dir ++ "/more"),
    ok = prim_file:delete(Dir ++ "/large"),
    E = prim_file:write_file(Dir ++ "/again", binary:copy(<<"x">>, 10000)),
    {A, B, C, D, E, prim_file:read_file(Dir ++ "/kept") =:= {ok, <<"here before">>}, prim_file:delete(Dir ++ "/again")}.

%% Opens files until that fails; how many, why not more, and how many can be opened when those are closed.
open_many(Dir, N) ->
    {Files, Why} = opened(Dir, N, []),
    [ok = prim_file:close(F) || F <- Files],
    {Again, _} = opened(Dir, N, []),
    {length(Files), Why, length(Again)}.

opened(_, 0, Files) -> {Files, none};
opened(Dir, N, Files) ->
    case prim_file:open(Dir ++ "/" ++ integer_to_list(N), [raw, write]) of
        {ok, F} -> opened(Dir, N - 1, [F | Files]);
        {error, Why} -> {Files, Why}
    end.

%% Files that nobody closes, and nobody refers to any more: more of them than may be open at once.
forgotten(_, 0) -> ok;
forgotten(Dir, N) ->
    case prim_file:open(Dir ++ "/forgotten", [raw, write]) of
        {ok, _} -> forgotten(Dir, N - 1);
        {error, emfile} -> garbage_collect(), erlang:yield(), forgotten(Dir, N)
    end.

read_large(File) ->
    {ok, F} = prim_file:open(File, [raw, read, binary]),
    Size = fun({ok, B}) -> {ok, byte_size(B)}; (E) -> E end,
    {Size(prim_file:read_file(File)), Size(prim_file:read(F, 300000000)), Size(prim_file:read(F, 1000))}.

%% A program that runs until it is killed; its owner lives on. Its number.
helper() -> helper("/bin/sleep", ["1000"]).

helper(Program, Arguments) ->
    S = self(),
    spawn(fun() ->
        process_flag(trap_exit, true),
        P = open_port({spawn_executable, Program}, [{args, Arguments}]),
        {os_pid, Pid} = erlang:port_info(P, os_pid),
        S ! {helper, Pid},
        receive stop -> ok end
    end),
    receive {helper, Pid} -> Pid end.

helpers(N) -> [begin P = open_port({spawn, "true"}, []), port_close(P) end || _ <- lists:seq(1, N)], ok.

%% ---- limits ----

%% How many of N messages arrive at one that does not look.
overflow(N) ->
	P = spawn(fun() -> receive never -> ok end end),
	[P ! {nothing, I} || I <- lists:seq(1, N)],
	{message_queue_len, Queue} = process_info(P, message_queue_len),
	exit(P, kill),
	Queue.

too_many_timers(N) ->
	Timers = [catch erlang:start_timer(60000, self(), I) || I <- lists:seq(1, N)],
	Set = [T || T <- Timers, is_reference(T)],
	[erlang:cancel_timer(T) || T <- Set],
	length(Set).

too_many_atoms(N) ->
	try [list_to_atom("e2e_minted_" ++ integer_to_list(I)) || I <- lists:seq(1, N)] of _ -> none
	catch error:Reason -> Reason
	end.

too_large_table(N) ->
	T = ets:new(t, []),
	try [ets:insert(T, {I, I}) || I <- lists:seq(1, N)] of _ -> none
	catch error:Reason -> Reason
	after ets:delete(T)
	end.

%% N messages each of so many senders to one that takes a while for each: all arrive in order, and the mailbox stays short.
backed_up(Senders, N) ->
	Me = self(),
	P = spawn(fun() -> slow(#{}, Senders * N, 0, Me) end),
	[spawn(fun() -> [P ! {S, I} || I <- lists:seq(1, N)] end) || S <- lists:seq(1, Senders)],
	receive {most, Most} when Most =< 10 + 2 * Senders -> ok; {most, Most} -> Most end.

slow(_, 0, Most, Me) -> Me ! {most, Most};
slow(Last, Left, Most, Me) ->
	{message_queue_len, Queue} = process_info(self(), message_queue_len),
	_ = lists:seq(1, 2000),
	receive {S, I} ->
		I = maps:get(S, Last, 0) + 1,
		slow(Last#{S => I}, Left - 1, max(Most, Queue), Me)
	end.

%% Tables of each kind.
tables() ->
    ets:new(e2e_set, [set, private, named_table]),
    ets:insert(e2e_set, [{I, "value", <<"seven">>} || I <- lists:seq(1, 2500)]),
    ets:new(e2e_tree, [ordered_set, protected, named_table, {keypos, 2}, {heir, self(), data}]),
    ets:insert(e2e_tree, [{I, {k, I}} || I <- lists:seq(1, 2500)]),
    ets:new(e2e_bag, [bag, public, named_table]),
    ets:insert(e2e_bag, [{many, I} || I <- lists:seq(1, 1000)] ++ [{I, I} || I <- lists:seq(1, 200)]),
    T = ets:new(e2e_unnamed, [duplicate_bag, private]),
    ets:insert(T, {only, row}),
    loop().

%% Its heap is nothing but garbage.
hoarder() -> hoarder(lists:sum(lists:seq(1, 200000))).
hoarder(Sum) -> receive stop -> Sum end.

%% Has suspended another.
suspender() ->
    Pid = spawn(fun loop/0),
    register(echo, Pid),
    erlang:suspend_process(Pid),
    loop().

%% Says what it is.
labelled() -> put('$process_label', {shelf, 7}), loop().
