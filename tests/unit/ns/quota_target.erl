%% SPDX-License-Identifier: Apache-2.0
%% What test_quota.c runs in namespaces with limits. Each function tells what it met.
-module(quota_target).
-export([overflow/1, backed_up/2, entangled/1, kept_in_a_call/1, blocked_ends/1, receiver_ends/1, of_itself/1, let_through/1,
	spawn_until/1, tables/1, timers/1, hold/1, grow/1, wait/0, flood/2, binaries/2, fill/2, spin/1, nothing/0,
         shared/1, send_shared/1, insert_shared/1, spawn_shared/1, return_shared/1, exit_shared/1, everything/1, echo/1, atoms/1, keep/0, give/2,
         exists/1, mint/1]).

nothing() -> ok.

wait() -> receive stop -> ok end.

%% How many processes could be spawned, and what came then.
spawn_until(Max) -> spawn_until(Max, []).
spawn_until(0, Pids) -> end_all(Pids, none);
spawn_until(N, Pids) ->
    try spawn(?MODULE, wait, []) of
        Pid -> spawn_until(N - 1, [Pid | Pids])
    catch
        error:Reason -> end_all(Pids, Reason)
    end.

end_all(Pids, What) ->
    [begin
         Ref = monitor(process, Pid),
         exit(Pid, kill),
         receive {'DOWN', Ref, _, _, _} -> ok end
     end || Pid <- Pids],
    {count(Pids, 0), What}.

count([], N) -> N;
count([_ | Rest], N) -> count(Rest, N + 1).

tables(Max) -> tables(Max, []).
tables(0, Tables) -> {count(Tables, 0), none};
tables(N, Tables) ->
    try ets:new(t, []) of
        T -> tables(N - 1, [T | Tables])
    catch
        error:Reason ->
            ets:delete(element(1, {hd(Tables)})),
            {count(Tables, 0), Reason, is_reference(ets:new(t, []))}
    end.

timers(Max) -> timers(Max, []).
timers(0, Timers) -> {count(Timers, 0), none};
timers(N, Timers) ->
    try erlang:start_timer(1000000, self(), x) of
        T -> timers(N - 1, [T | Timers])
    catch
        error:Reason ->
            erlang:cancel_timer(hd(Timers)),
            {count(Timers, 0), Reason, is_reference(erlang:send_after(1000000, some_name, x))}
    end.

%% A list of that many elements, kept.
hold(N) ->
    L = numbers(N, []),
    receive stop -> ok end,
    count(L, 0).

numbers(0, L) -> L;
numbers(N, L) -> numbers(N - 1, [N | L]).

grow(L) -> grow([{1, 2, 3} | L]).

%% N messages to a process that does not read them.
flood(Pid, N) ->
    Ref = monitor(process, Pid),
    send(Pid, N),
    receive {'DOWN', Ref, _, _, Reason} -> Reason end.

send(_, 0) -> ok;
send(Pid, N) -> Pid ! N, send(Pid, N - 1).

binaries(0, L) -> receive stop -> ok end, L;
binaries(N, L) -> binaries(N - 1, [<<0:(8 * 65536)>> | L]).

fill(T, N) when is_atom(T) -> fill(ets:new(T, []), N);
fill(_, 0) -> none;
fill(T, N) ->
    try ets:insert(T, {N, {N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N}}) of
        true -> fill(T, N - 1)
    catch
        error:Reason -> Reason
    end.

spin(N) -> spin(N + 1).

echo(Parent) -> receive {From, X} -> From ! X, echo(Parent) end.

shared(0) -> [];
shared(N) -> L = shared(N - 1), [L | L].

caught(F) -> try F() of _ -> fits catch Class:Reason -> {Class, Reason} end.

send_shared(N) -> caught(fun() -> spawn(?MODULE, wait, []) ! shared(N) end).
insert_shared(N) -> T = ets:new(t, []), caught(fun() -> ets:insert(T, {x, shared(N)}) end).
spawn_shared(N) -> caught(fun() -> spawn(?MODULE, echo, [shared(N)]) end).
return_shared(N) -> shared(N).
exit_shared(N) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit(shared(N)) end),
    receive {'DOWN', Ref, process, Pid, Reason} -> is_atom(Reason) end.

%% Makes atoms and keeps them.
atoms(Max) -> atoms(Max, 0, []).
atoms(Max, Max, _) -> {Max, none};
atoms(Max, N, Kept) ->
    try list_to_atom("one_more_atom_" ++ integer_to_list(N)) of
        Atom -> atoms(Max, N + 1, [Atom | Kept])
    catch
        error:Reason -> {length(Kept), Reason, list_to_atom("one_more_atom_1")}
    end.

%% Keeps what it is sent, and shows it when asked to.
keep() -> receive {keep, X} -> keep(X) end.
keep(X) -> receive stop -> X end.

%% Sends the other an atom that nobody else has made.
give(Pid, N) -> Pid ! {keep, [list_to_atom("given_atom_" ++ integer_to_list(N)), #{list_to_atom("given_key") => 1.5}]}, ok.

exists(Text) -> try binary_to_existing_atom(Text) of _ -> true catch error:badarg -> false end.

mint(N) -> atom_to_list(list_to_atom("minted_atom_" ++ integer_to_list(N))) =:= "minted_atom_" ++ integer_to_list(N).

%% A bit of all that a namespace can hold. The number makes atoms that no other run has.
everything(N) ->
    T = ets:new(some_table, [named_table, public]),
    ets:insert(T, [{I, <<0:8000>>} || I <- numbers(20, [])]),
    persistent_term:put({some_key, N}, {value, <<1:8000>>, "text"}),
    A = list_to_atom("unit_atom_" ++ integer_to_list(N)),
    true = register(A, spawn(?MODULE, wait, [])),
    A ! {x, A},
    put(A, {kept, A}),
    _ = erlang:start_timer(1000000, A, for_a_name),
    _ = erlang:send_after(1000000, self(), for_me),
    os:putenv("SOME_NAME", "some value"),
    spawn_link(fun() -> receive stop -> ok after 1000000 -> ok end end),
    process_flag(trap_exit, true),
    receive stop -> A after 0 -> atom_to_binary(A) =:= <<"unit_atom_", (integer_to_binary(N))/binary>> end.

%% ---- full mailboxes; mailboxMax is 10 ----

%% What is left of N messages to one that does not look, and of what must arrive whatever the policy.
overflow(N) ->
    P = spawn(fun deaf/0),
    [P ! {nothing, I} || I <- numbers(N, [])],
    settled(P),
    {message_queue_len, Queue} = process_info(P, message_queue_len),
    Queue.

deaf() -> receive never -> ok end.

%% Its mailbox has been fetched: it has answered a question.
settled(P) -> {status, _} = process_info(P, status), ok.

%% System messages, timers, exits, the news of monitors, answers by alias, and what goes to oneself, to a full mailbox that drops.
let_through(N) ->
    Me = self(),
    P = spawn(fun() ->
        process_flag(trap_exit, true),
        Alias = alias([]),
        Other = spawn(fun() -> receive stop -> ok end end),
        Ref = monitor(process, Other),
        Me ! {ready, Alias, Other},
        receive look -> ok end,
        [self() ! own || _ <- numbers(20, [])],
        erlang:send_after(0, self(), timer),
        receive timer -> ok end,
        receive {system, x, y} -> ok end,
        receive {'DOWN', Ref, _, _, _} -> ok end,
        receive {'EXIT', Me, why} -> ok end,
        receive answer -> ok end,
        Me ! {done, count_of(own, 0)}
    end),
    receive {ready, Alias, Other} -> ok end,
    [P ! {nothing, I} || I <- numbers(N, [])],
    settled(P),
    P ! {nothing, last},
    P ! {system, x, y},
    Other ! stop,
    exit(P, why),
    Alias ! answer,
    %% `look' is dropped as anything else; whoever steers it is let through as a system message is.
    erlang:send_after(0, P, look),
    receive {done, Own} -> Own end.

count_of(What, N) -> receive What -> count_of(What, N + 1) after 0 -> N end.

%% N messages each of M senders to one that takes a while for each: all arrive, in the order of each sender, and the mailbox stays small.
backed_up(Senders, N) ->
    Me = self(),
    P = spawn(fun() -> slow(#{}, Senders * N, 0, Me) end),
    [spawn(fun() -> [P ! {S, I} || I <- numbers(N, [])] end) || S <- numbers(Senders, [])],
    receive {most, Most, Last} ->
        Senders = map_size(Last),
        Most =< 10 + 2 * Senders orelse Most
    end.

slow(Last, 0, Most, Me) -> Me ! {most, Most, Last};
slow(Last, Left, Most, Me) ->
    {message_queue_len, Queue} = process_info(self(), message_queue_len),
    _ = numbers(2000, []),
    receive {S, I} ->
        I = case Last of #{S := Before} -> Before + 1; _ -> 1 end,
        slow(Last#{S => I}, Left - 1, max(Most, Queue), Me)
    end.

%% Two whose mailboxes are full send to each other before they look: nobody waits for ever.
entangled(N) ->
    Me = self(),
    [A, B] = [spawn(fun() ->
        receive {other, Other} -> ok end,
        [Other ! {nothing, I} || I <- numbers(N, [])],
        [receive {nothing, I} -> ok end || I <- numbers(N, [])],
        Me ! {done, self()}
    end) || _ <- [1, 2]],
    A ! {other, B},
    B ! {other, A},
    [receive {done, P} -> ok end || P <- [A, B]],
    done.

%% One with a full mailbox asks another, whose answer it gets at once.
kept_in_a_call(N) ->
    Me = self(),
    Server = spawn(fun() -> receive {ask, From} -> From ! answer end end),
    P = spawn(fun() -> receive go -> ok end, Server ! {ask, self()}, receive answer -> Me ! answered end, deaf() end),
    [erlang:send_after(0, P, {nothing, I}) || I <- numbers(N, [])],
    erlang:send_after(0, P, go),
    receive answered -> answered end.

%% A sender that waits can be killed, and is seen to be suspended.
blocked_ends(N) ->
    P = spawn(fun deaf/0),
    Sender = spawn(fun() -> [P ! {nothing, I} || I <- numbers(N, [])], exit(too_fast) end),
    Ref = monitor(process, Sender),
    until_suspended(Sender),
    exit(Sender, kill),
    receive {'DOWN', Ref, _, _, Why} -> Why end.

until_suspended(P) ->
    case process_info(P, status) of
        {status, suspended} -> ok;
        {status, _} -> erlang:yield(), until_suspended(P)
    end.

%% The end of the receiver lets its senders go at once: N messages would take a minute else.
receiver_ends(N) ->
    P = spawn(fun deaf/0),
    Sender = spawn(fun() -> [P ! {nothing, I} || I <- numbers(N, [])], exit(all_sent) end),
    Ref = monitor(process, Sender),
    until_suspended(Sender),
    exit(P, kill),
    receive {'DOWN', Ref, process, Sender, Why} -> Why end.

%% Who sends to itself never waits.
of_itself(N) ->
    [self() ! I || I <- numbers(N, [])],
    {message_queue_len, Queue} = process_info(self(), message_queue_len),
    Queue.
