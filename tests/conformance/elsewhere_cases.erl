%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% Pids, ports and references that are not of this node as it runs now: of an earlier start of it (another creation), and of
%% another node, which is never reached. Each case asks all three kinds.
-module(elsewhere_cases).
-compile([nowarn_export_all, export_all, nowarn_deprecated_function, nowarn_deprecated_catch]).

pid_(Node, Creation) -> binary_to_term(<<131, 88, 100, (byte_size(Node)):16, Node/binary, 57:32, 1:32, Creation:32>>).
port_(Node, Creation) -> binary_to_term(<<131, 120, 100, (byte_size(Node)):16, Node/binary, 57:64, Creation:32>>).
ref_(Node, Creation) -> binary_to_term(<<131, 90, 3:16, 100, (byte_size(Node)):16, Node/binary, Creation:32, 1:32, 2:32, 3:32>>).

%% What F says of each, and what comes of it: its end, or its messages.
each_(F) -> [one_(F, Node, Creation) || {Node, Creation} <- [{<<"nonode@nohost">>, 3}, {<<"other@host">>, 7}, {<<"other@host">>, 0}]].
one_(F, Node, Creation) ->
    {P, M} = spawn_monitor(fun() ->
        R = try {ok, F(pid_(Node, Creation), port_(Node, Creation), ref_(Node, Creation), binary_to_atom(Node))} catch C:E -> {C, E} end,
        %% Of what comes by itself all is there: nobody is asked who could answer later.
        exit({result, plain_(R), [plain_(X) || X <- all_()]})
    end),
    receive {'DOWN', M, _, P, Why} -> Why end.
all_() -> receive X -> [X | all_()] after 30 -> [] end.
plain_(R) when is_reference(R) -> {reference, node(R)};
plain_(P) when is_pid(P) -> {pid, node(P)};
plain_(P) when is_port(P) -> {port, node(P)};
plain_(T) when is_tuple(T) -> list_to_tuple(plain_(tuple_to_list(T)));
plain_([H | T]) -> [plain_(H) | plain_(T)];
plain_(T) -> T.

nodes() -> each_(fun(Pid, Port, Ref, _) -> {node(Pid), node(Port), node(Ref)} end).
monitor_pid() -> each_(fun(Pid, _, _, _) -> monitor(process, Pid) end).
monitor_alias() -> each_(fun(Pid, _, _, _) -> monitor(process, Pid, [{alias, reply_demonitor}]) end).
monitor_tag() -> each_(fun(Pid, _, _, _) -> monitor(process, Pid, [{tag, x}]) end).
monitor_port() -> each_(fun(_, Port, _, _) -> monitor(port, Port) end).
monitor_name() -> each_(fun(_, _, _, Node) -> monitor(process, {foo, Node}) end).
monitor_port_name() -> each_(fun(_, _, _, Node) -> monitor(port, {foo, Node}) end).
link_pid() -> each_(fun(Pid, _, _, _) -> link(Pid) end).
link_trap() -> each_(fun(Pid, _, _, _) -> process_flag(trap_exit, true), R = link(Pid), receive {'EXIT', P, W} -> {R, P, W} end end).
link_port() -> each_(fun(_, Port, _, _) -> link(Port) end).
link_port_trap() -> each_(fun(_, Port, _, _) -> process_flag(trap_exit, true), R = link(Port), receive {'EXIT', P, W} -> {R, P, W} end end).
unlink_pid() -> each_(fun(Pid, _, _, _) -> unlink(Pid) end).
unlink_port() -> each_(fun(_, Port, _, _) -> unlink(Port) end).
alive() -> each_(fun(Pid, _, _, _) -> is_process_alive(Pid) end).
info() -> each_(fun(Pid, _, _, _) -> process_info(Pid) end).
info_item() -> each_(fun(Pid, _, _, _) -> process_info(Pid, status) end).
info_bad_item() -> each_(fun(Pid, _, _, _) -> process_info(Pid, foo) end).
exit_pid() -> each_(fun(Pid, _, _, _) -> exit(Pid, kill) end).
exit_port() -> each_(fun(_, Port, _, _) -> exit(Port, kill) end).
send_pid() -> each_(fun(Pid, _, _, _) -> Pid ! x end).
send_noconnect() -> each_(fun(Pid, _, _, _) -> erlang:send(Pid, x, [noconnect]) end).
send_port() -> each_(fun(_, Port, _, _) -> Port ! x end).
send_alias() -> each_(fun(_, _, Ref, _) -> Ref ! x, ok end).
send_name() -> each_(fun(_, _, _, Node) -> {foo, Node} ! x end).
send_nosuspend() -> each_(fun(Pid, _, _, _) -> erlang:send_nosuspend(Pid, x) end).
demonitor() -> each_(fun(_, _, Ref, _) -> demonitor(Ref) end).
demonitor_info() -> each_(fun(_, _, Ref, _) -> demonitor(Ref, [info]) end).
unalias_ref() -> each_(fun(_, _, Ref, _) -> unalias(Ref) end).
read_timer() -> each_(fun(_, _, Ref, _) -> erlang:read_timer(Ref) end).
cancel_timer() -> each_(fun(_, _, Ref, _) -> erlang:cancel_timer(Ref) end).
group_leader() -> each_(fun(Pid, _, _, _) -> group_leader(self(), Pid) end).
suspend() -> each_(fun(Pid, _, _, _) -> erlang:suspend_process(Pid) end).
resume() -> each_(fun(Pid, _, _, _) -> erlang:resume_process(Pid) end).
gc() -> each_(fun(Pid, _, _, _) -> garbage_collect(Pid) end).
gc_async() -> each_(fun(Pid, _, _, _) -> garbage_collect(Pid, [{async, foo}]), receive M -> M end end).
check_code() -> each_(fun(Pid, _, _, _) -> check_process_code(Pid, lists) end).
register_pid() -> each_(fun(Pid, _, _, _) -> register(foo, Pid) end).
register_port() -> each_(fun(_, Port, _, _) -> register(foo, Port) end).
flag() -> each_(fun(Pid, _, _, _) -> process_flag(Pid, save_calls, 10) end).
port_info_all() -> each_(fun(_, Port, _, _) -> erlang:port_info(Port) end).
port_info_item() -> each_(fun(_, Port, _, _) -> erlang:port_info(Port, id) end).
port_command() -> each_(fun(_, Port, _, _) -> erlang:port_command(Port, "x") end).
port_command_options() -> each_(fun(_, Port, _, _) -> erlang:port_command(Port, "x", [nosuspend]) end).
port_close() -> each_(fun(_, Port, _, _) -> erlang:port_close(Port) end).
port_connect() -> each_(fun(_, Port, _, _) -> erlang:port_connect(Port, self()) end).
port_control() -> each_(fun(_, Port, _, _) -> erlang:port_control(Port, 1, "") end).
port_call() -> each_(fun(_, Port, _, _) -> erlang:port_call(Port, 1, "") end).
trace_pid() -> each_(fun(Pid, _, _, _) -> erlang:trace(Pid, true, [call]) end).
trace_port() -> each_(fun(_, Port, _, _) -> erlang:trace(Port, true, [send]) end).
trace_flags() -> each_(fun(Pid, _, _, _) -> erlang:trace_info(Pid, flags) end).
executing_dirty() -> each_(fun(Pid, _, _, _) -> erts_internal:is_process_executing_dirty(Pid) end).
ets_give_away() -> each_(fun(Pid, _, _, _) -> ets:give_away(ets:new(x, []), Pid, x) end).
ets_setopts_heir() -> each_(fun(Pid, _, _, _) -> ets:setopts(ets:new(x, []), {heir, Pid, x}) end).
ets_heir() -> each_(fun(Pid, _, _, _) -> T = ets:new(x, [{heir, Pid, x}]), ets:info(T, heir) =:= Pid end).
server_call() -> each_(fun(Pid, _, _, _) -> gen_server:call(Pid, x) end).
server_call_name() -> each_(fun(_, _, _, Node) -> gen_server:call({foo, Node}, x) end).
server_stop() -> each_(fun(Pid, _, _, _) -> gen_server:stop(Pid) end).
spawn_there() -> each_(fun(_, _, _, Node) -> node(spawn(Node, erlang, now, [])) end).
spawn_and_monitor() -> each_(fun(_, _, _, Node) -> {P, R} = spawn_monitor(Node, erlang, now, []), receive {'DOWN', R, process, P, W} -> {node(P), W} end end).
spawn_and_link() -> each_(fun(_, _, _, Node) -> process_flag(trap_exit, true), P = spawn_link(Node, erlang, now, []), receive {'EXIT', P, W} -> {node(P), W} end end).
spawn_asked() -> each_(fun(_, _, _, Node) -> R = erlang:spawn_request(Node, erlang, now, [], []), receive {spawn_reply, R, A, B} -> {A, B} end end).
order() -> each_(fun(Pid, Port, Ref, _) -> {Pid < self(), Pid == self(), self() < Pid, lists:sort([Port, Pid, Ref])==[Ref, Port, Pid]} end).
hashes() -> each_(fun(Pid, Port, Ref, _) -> {erlang:phash2(Pid), erlang:phash2(Port), erlang:phash2(Ref)} end).
written() -> each_(fun(Pid, Port, Ref, _) -> {erlang:phash2(term_to_binary(Pid)), erlang:phash2(term_to_binary(Port)), erlang:phash2(term_to_binary(Ref))} end).
printed() -> each_(fun(Pid, Port, Ref, Node) -> Node =:= 'nonode@nohost' andalso {pid_to_list(Pid), port_to_list(Port), ref_to_list(Ref), io_lib:format("~p ~w", [Pid, Port])} end).
gen_server_cast() -> each_(fun(Pid, _, _, Node) -> {gen_server:cast(Pid, x), gen_server:cast({foo, Node}, x), gen_server:abcast([Node], foo, x)} end).
