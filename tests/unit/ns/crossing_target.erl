%% SPDX-License-Identifier: Apache-2.0
%% What test_crossing.c runs on both sides of a border: one side has things, the other has been handed their terms and tries to reach them.
-module(crossing_target).
-export([things/0, state/1, attack/2, attacks/0, channel/1, closed/1]).

%% Made by a process that lives on, and handed out.
things() ->
    Self = self(),
    spawn(fun() -> keeper(Self) end),
    receive {things, Things} -> Things end.

keeper(To) ->
    register(inbox, self()),
    persistent_term:put(crossing_key, secret),
    os:putenv("CROSSING", "secret"),
    Port = open_port({spawn_executable, "/bin/cat"}, [binary]),
    register(the_port, Port),
    Table = ets:new(hidden, [public]),
    ets:new(named, [named_table, public]),
    ets:insert(Table, {k, secret}),
    Atomics = atomics:new(1, []),
    To ! {things, {self(), Port, Table, alias(), Atomics}},
    keep([]).

keep(Seen) ->
    receive
        {Ref, From, state} ->
            [Port] = [P || P <- [whereis(the_port)], is_port(P)],
            {links, Links} = process_info(self(), links),
            Info = [{K, V} || K <- [monitored_by, suspending, trap_exit], {_, V} <- [process_info(self(), K)]],
            From ! {Ref, {lists:reverse(Seen), Links -- [Port], Info, element(2, erlang:port_info(Port, connected)) =:= self(),
                          ets:tab2list(hd([T || T <- ets:all(), ets:info(T, name) =:= hidden]))}},
            keep(Seen);
        {From, Ref, echo, What} ->
            From ! {Ref, What},
            keep(Seen);
        stop -> ok;
        Other -> keep([Other | Seen])
    end.

%% What the keeper has met so far.
state(Things) ->
    Ref = make_ref(),
    element(1, Things) ! {Ref, self(), state},
    receive {Ref, State} -> State end.

attack(What, Things) ->
    Me = self(),
    {Pid, Ref} = spawn_monitor(fun() -> Me ! {answer, self(), try_it(What, Things)} end),
    receive
        {answer, Pid, Answer} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, process, Pid, Reason} -> {died, Reason}
    end.

try_it(What, {Pid, Port, Table, Alias, Atomics}) ->
    try way(What, Pid, Port, Table, Alias, Atomics)
    catch error:Reason -> {error, Reason}
    end.

attacks() ->
    [send, send_option, send_alias, send_name, send_named_node, send_after, exit, exit_kill, link, link_trapping, monitor, monitor_name,
     monitor_alias, process_info, process_info_item, is_process_alive, trace, trace_tracer, trace_all, list_to_pid, binary_to_pid, binary_to_alias,
     list_to_port, port_command, port_send, port_close, port_connect, own_port_connect, port_info, port_control, port_data, port_link, port_monitor, port_exit,
     port_name, ports, table_lookup, table_info, table_insert, table_named, table_give, table_heir, tables, processes, registered, whereis,
     group_leader, suspend, collect, check_code, display, register, flag, system_monitor, system_profile, atomics, counters, persistent, environment,
     process_count, resume, hibernate_task].

way(send, Pid, _, _, _, _) -> Pid ! hello, sent;
way(send_option, Pid, _, _, _, _) -> erlang:send(Pid, hello, [noconnect]);
way(send_alias, _, _, _, Alias, _) -> Alias ! hello, sent;
way(send_name, _, _, _, _, _) -> inbox ! hello;
way(send_named_node, _, _, _, _, _) -> {inbox, node()} ! hello, sent;
way(send_after, Pid, _, _, _, _) ->
    erlang:send_after(0, Pid, hello),
    erlang:start_timer(0, Pid, hello),
    erlang:send_after(1, self(), done),
    receive done -> sent end;
way(exit, Pid, _, _, _, _) -> exit(Pid, gone);
way(exit_kill, Pid, _, _, _, _) -> exit(Pid, kill);
way(link, Pid, _, _, _, _) -> link(Pid);
way(link_trapping, Pid, _, _, _, _) ->
    process_flag(trap_exit, true),
    link(Pid),
    receive {'EXIT', Pid, Reason} -> Reason end;
way(monitor, Pid, _, _, _, _) -> down(monitor(process, Pid));
way(monitor_name, _, _, _, _, _) -> down(monitor(process, inbox));
way(monitor_alias, Pid, _, _, _, _) -> down(monitor(process, Pid, [{alias, reply_demonitor}]));
way(process_info, Pid, _, _, _, _) -> process_info(Pid);
way(process_info_item, Pid, _, _, _, _) -> process_info(Pid, dictionary);
way(is_process_alive, Pid, _, _, _, _) -> is_process_alive(Pid);
way(trace, Pid, _, _, _, _) -> erlang:trace(Pid, true, [send]);
way(trace_tracer, Pid, _, _, _, _) ->
    erlang:trace(self(), true, [send, {tracer, Pid}]),
    self() ! x,
    erlang:trace(self(), false, [send]),
    done;
way(trace_all, Pid, _, _, _, _) ->
    N = erlang:trace(processes, true, ['receive']),
    erlang:trace(processes, false, ['receive']),
    Own = length(processes()),
    {N =< Own, lists:member(Pid, processes())};
way(list_to_pid, Pid, _, _, _, _) -> list_to_pid(pid_to_list(Pid));
way(binary_to_pid, Pid, _, _, _, _) -> binary_to_term(term_to_binary(Pid));
way(binary_to_alias, _, _, _, Alias, _) -> binary_to_term(term_to_binary(Alias));
way(list_to_port, _, Port, _, _, _) -> list_to_port(erlang:port_to_list(Port));
way(port_command, _, Port, _, _, _) -> port_command(Port, <<"x">>);
way(port_send, Pid, Port, _, _, _) ->
    Port ! {Pid, {command, <<"x">>}},
    Port ! {Pid, close},
    Port ! {Pid, {connect, self()}},
    sent;
way(port_close, _, Port, _, _, _) -> port_close(Port);
way(port_connect, _, Port, _, _, _) -> port_connect(Port, self());
way(own_port_connect, Pid, _, _, _, _) ->
    Own = open_port({spawn_executable, "/bin/cat"}, []),
    Answer = try_connect(Own, Pid),
    port_close(Own),
    Answer;
way(port_info, _, Port, _, _, _) -> erlang:port_info(Port);
way(port_control, _, Port, _, _, _) -> port_control(Port, 1, []);
way(port_data, _, Port, _, _, _) -> erlang:port_get_data(Port);
way(port_link, _, Port, _, _, _) -> link(Port);
way(port_monitor, _, Port, _, _, _) -> down(monitor(port, Port));
way(port_exit, _, Port, _, _, _) -> exit(Port, kill);
way(port_name, _, _, _, _, _) -> port_command(the_port, <<"x">>);
way(ports, _, Port, _, _, _) -> lists:member(Port, erlang:ports());
way(table_lookup, _, _, Table, _, _) -> ets:lookup(Table, k);
way(table_info, _, _, Table, _, _) -> ets:info(Table);
way(table_insert, _, _, Table, _, _) -> ets:insert(Table, {x, y});
way(table_named, _, _, _, _, _) -> {ets:whereis(named), ets:info(named)};
way(table_give, Pid, _, _, _, _) -> ets:give_away(ets:new(mine, []), Pid, gift);
way(table_heir, Pid, _, _, _, _) ->
    {P, Ref} = spawn_monitor(fun() -> ets:new(left, [{heir, Pid, gift}]) end),
    receive {'DOWN', Ref, process, P, normal} -> left end;
way(tables, _, _, Table, _, _) -> lists:member(Table, ets:all());
way(processes, Pid, _, _, _, _) -> lists:member(Pid, processes());
way(registered, _, _, _, _, _) -> lists:member(inbox, registered());
way(whereis, _, _, _, _, _) -> {whereis(inbox), whereis(the_port)};
way(group_leader, Pid, _, _, _, _) -> group_leader(self(), Pid);
way(suspend, Pid, _, _, _, _) -> erlang:suspend_process(Pid);
way(resume, Pid, _, _, _, _) -> erlang:resume_process(Pid);
way(collect, Pid, _, _, _, _) -> erlang:garbage_collect(Pid);
way(check_code, Pid, _, _, _, _) -> erlang:check_process_code(Pid, ?MODULE);
way(display, Pid, _, _, _, _) -> erlang:process_display(Pid, backtrace);
way(register, Pid, _, _, _, _) -> register(mine, Pid);
way(flag, Pid, _, _, _, _) -> process_flag(Pid, save_calls, 10);
way(system_monitor, Pid, _, _, _, _) -> erlang:system_monitor(Pid, [{long_gc, 1}]);
way(system_profile, Pid, _, _, _, _) -> erlang:system_profile(Pid, [runnable_procs]);
way(atomics, _, _, _, _, Atomics) -> atomics:get(Atomics, 1);
way(counters, _, _, _, _, Atomics) -> atomics:put(Atomics, 1, 7);
way(persistent, _, _, _, _, _) -> persistent_term:get(crossing_key, none);
way(environment, _, _, _, _, _) -> os:getenv("CROSSING");
way(process_count, _, _, _, _, _) -> erlang:system_info(process_count) =:= length(processes());
way(hibernate_task, Pid, _, _, _, _) ->
    erts_internal:request_system_task(Pid, normal, {garbage_collect, a_request, major}),
    receive {garbage_collect, a_request, Done} -> Done end.

try_connect(Port, Pid) ->
    try port_connect(Port, Pid) catch error:Reason -> {error, Reason} end.

down(Ref) -> receive {'DOWN', Ref, _, _, Reason} -> Reason end.

%% The other side's process is the_other.inbox here.
channel({Pid, Port, Table, _, _}) ->
    Pid = whereis('b.inbox'),
    false = lists:member('b.inbox', registered()),
    {'EXIT', {badarg, _}} = (catch register('b.inbox', self())),
    Ref = monitor(process, 'b.inbox', [{alias, reply_demonitor}]),
    'b.inbox' ! {Ref, Ref, echo, {some, ["thing"]}},
    receive {Ref, {some, ["thing"]}} -> ok end,
    Again = monitor(process, 'b.inbox'),
    Pid ! {self(), Again, echo, more},
    receive {Again, more} -> ok end,
    true = demonitor(Again),
    true = link(Pid),
    true = lists:member(Pid, element(2, process_info(self(), links))),
    true = unlink(Pid),
    true = is_process_alive(Pid),
    {'EXIT', {badarg, _}} = (catch 'b.the_port' ! {self(), close}),
    {'EXIT', {badarg, _}} = (catch port_close(Port)),
    {'EXIT', {badarg, _}} = (catch ets:lookup(Table, k)),
    {'EXIT', {badarg, _}} = (catch ('b.nobody' ! x)),
    {'EXIT', {badarg, _}} = (catch (inbox ! x)),
    ok.

closed({Pid, _, _, _, _}) ->
    undefined = whereis('b.inbox'),
    noproc = down(monitor(process, Pid)),
    Pid ! hello,
    ok.
