%% SPDX-License-Identifier: Apache-2.0
%% Ports: programs and how they end, framing, options, commands, busy ports, owners, links, monitors, names, os:cmd.
-module(port_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, sorted/1]).

%% What a port tells until it ends, data in one piece where it is a stream.
all_(P) -> all_(P, []).
all_(P, Acc) ->
    receive
        {P, {data, D}} when is_binary(D) -> all_(P, joined_(D, Acc));
        {P, X} -> all_(P, [X | Acc]);
        {'EXIT', P, R} -> lists:reverse(Acc, [{exit, R}])
    end.
joined_(D, [{stream, B} | Acc]) -> [{stream, <<B/binary, D/binary>>} | Acc];
joined_(D, Acc) -> [{stream, D} | Acc].
run_(Name, Options) -> process_flag(trap_exit, true), case err(fun() -> open_port(Name, Options) end) of {value, P} -> all_(P); E -> E end.
sh_(Script, Options) -> run_({spawn_executable, "/bin/sh"}, [{args, ["-c", Script]} | Options]).
until_(P, End) -> receive {P, End} -> [End]; {P, {data, {_, _} = L}} -> [L | until_(P, End)] end.
cat_() -> cat_([binary]).
cat_(Options) -> process_flag(trap_exit, true), open_port({spawn, "cat"}, Options).
bytes_(_, 0) -> <<>>;
bytes_(P, N) -> receive {P, {data, B}} when is_binary(B) -> R = bytes_(P, N - byte_size(B)), <<B/binary, R/binary>> end.
packet_(P) -> receive {P, {data, D}} -> D end.
exit_of_(P) -> receive {'EXIT', P, R} -> R end.
status_(Pid, S) -> case process_info(Pid, status) of {status, S} -> S; undefined -> gone; _ -> timer:sleep(2), status_(Pid, S) end.
gone_(P) -> case erlang:port_info(P, id) of undefined -> gone; _ -> timer:sleep(2), gone_(P) end.
links_(P) -> {links, L} = erlang:port_info(P, links), L.

%% Programs.
echo() -> run_({spawn, "echo hello"}, [binary]).
echo_list() -> P = open_port({spawn, "echo hi"}, []), receive {P, {data, D}} -> D end.
echo_binary_command() -> run_({spawn, <<"echo hello">>}, [binary]).
shell_words() -> run_({spawn, "echo $((1+2)) 'a  b'"}, [binary, exit_status]).
exec_prefix() -> run_({spawn, "nosuchcommand_zz"}, [binary, exit_status, stderr_to_stdout]).
executable() -> run_({spawn_executable, "/bin/echo"}, [{args, ["a b", <<"c">>, "$HOME", ""]}, binary]).
executable_arg0() -> run_({spawn_executable, "/bin/sh"}, [{arg0, "zero"}, {args, ["-c", "echo $0"]}, binary]).
executable_args_odd() -> run_({spawn_executable, "/bin/echo"}, [{args, [foo, <<"a", 0, "b">>]}, binary]).
executable_binary() -> run_({spawn_executable, <<"/bin/echo">>}, [{args, [<<"x">>]}, binary]).
executable_missing() -> run_({spawn_executable, "/nonexistent/x"}, []).
executable_not_in_path() -> run_({spawn_executable, "echo"}, []).
executable_forbidden() -> F = "/tmp/port_cases_forbidden", run_({spawn, "sh -c 'echo >" ++ F ++ "; chmod 644 " ++ F ++ "'"}, []), R = run_({spawn_executable, F}, []), run_({spawn, "rm -f " ++ F}, []), R.
executable_folder() -> run_({spawn_executable, "/usr"}, [exit_status]).
status() -> [sh_("exit " ++ integer_to_list(N), [exit_status]) || N <- [0, 1, 2, 127, 255]].
status_of_signal() -> [sh_("kill -" ++ S ++ " $$", [exit_status]) || S <- ["9", "15", "1"]].
status_after_close() -> sh_("exec >&-; sleep 0.05; exit 5", [exit_status]).
status_before_close() -> sh_("sleep 0.1 & exit 6", [exit_status]).
status_many() -> [sh_("exit " ++ integer_to_list(N rem 256), [exit_status]) || N <- lists:seq(1, 40)].
eof() -> P = open_port({spawn, "echo hi"}, [eof, binary]), process_flag(trap_exit, true), R = [packet_(P), receive {P, X} -> X end, is_list(erlang:port_info(P))], port_close(P), {R, exit_of_(P)}.
eof_and_status() -> P = open_port({spawn_executable, "/bin/sh"}, [eof, exit_status, {args, ["-c", "exit 4"]}]), [receive {P, X} -> X end, receive {P, Y} -> Y end].
no_status() -> run_({spawn, "true"}, []).
cd() -> run_({spawn, "pwd"}, [{cd, "/usr"}, binary]).
cd_missing() -> sh_("exit 0", [{cd, "/nonexistent"}, exit_status]).
env() -> run_({spawn, "echo $FOO:$BAR"}, [{env, [{"FOO", "x=y"}, {"BAR", "1"}, {"BAR", false}]}, binary]).
env_twice() -> run_({spawn, "echo $A"}, [{env, [{"A", "1"}, {"A", "2"}]}, binary]).
env_of_node() -> os:putenv("PORT_CASES", "seen"), run_({spawn, "echo $PORT_CASES"}, [binary]).
env_unset() -> os:putenv("PORT_CASES2", "seen"), run_({spawn, "echo ${PORT_CASES2-none}"}, [{env, [{"PORT_CASES2", false}]}, binary]).
standard_error() -> sh_("echo a; echo b >&2", [stderr_to_stdout, binary]).
other_descriptors() -> sh_("echo hi >&4", [nouse_stdio, binary]).
other_descriptors_input() -> process_flag(trap_exit, true), P = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "read x <&3; echo got $x >&4"]}, nouse_stdio, binary]), port_command(P, "line\n"), all_(P).
only_in() -> sh_("echo x", [in, binary]).
only_in_command() -> P = cat_([in]), {port_command(P, "x"), exit_of_(P)}.
only_out() -> process_flag(trap_exit, true), P = open_port({spawn, "cat >/dev/null"}, [out]), R = port_command(P, "x"), port_close(P), {R, exit_of_(P)}.
nothing_inherited() -> sh_("echo >&9", [exit_status, stderr_to_stdout]) =/= [].
options_wrong() -> [{O, err(fun() -> open_port({spawn, "true"}, id(O)) end)} || O <- [foo, [foo], [{packet, 3}], [{packet, a}], [{line, 0}], [{line, a}], [{packet, 1}, {line, 3}], [{args, ["a"]}], [{arg0, "a"}], [{cd, 1}], [{env, a}], [{env, [a]}], [{env, [{"A=B", "x"}]}], [{parallelism, 1}], [{busy_limits_port, {0, 10}}], [{busy_limits_port, a}], [exit_status | foo]]].
options_fine() -> [run_({spawn, "echo hi"}, [binary | O]) || O <- [[stream], [use_stdio], [hide], [in, out], [{packet, 1}, stream], [{parallelism, true}], [{busy_limits_port, disabled}], [{busy_limits_port, {20, 10}}, {busy_limits_msgq, disabled}], [overlapped_io]]].
names_wrong() -> [{N, err(fun() -> open_port(id(N), []) end)} || N <- [foo, {spawn, ""}, {spawn, 1}, {spawn, [a]}, {spawn, "a\0b"}, {foo, "x"}, {spawn, "x", y}, {spawn_executable, ""}, {spawn_executable, "/bin/true", []}, {spawn_driver, "nosuch"}, {fd, a, 1}, {fd, -1, 1}]].
args_wrong() -> [{A, err(fun() -> open_port({spawn_executable, "/bin/echo"}, [{args, id(A)}]) end)} || A <- [foo, [1], [[] | x], ["a\0b"], [{}]]].

%% Framing.
lines_(L, S) -> sh_("printf '" ++ S ++ "'", [{line, L}]).
lines() -> lines_(5, "abc\\ndefghijk\\n12345\\n\\nxy").
lines_binary() -> sh_("printf 'abc\\nd'", [{line, 80}, binary]).
lines_returns() -> [lines_(L, S) || {S, L} <- [{"abc\\r\\n", 3}, {"ab\\rc\\n", 3}, {"abc\\r", 3}, {"abc\\r", 9}, {"\\r\\n", 3}, {"abcd\\r\\n", 3}, {"ab\\r\\r\\n", 9}, {"abc\\r\\rx\\n", 3}, {"abc\\rd\\n", 3}, {"ab\\rd\\r", 3}]].
lines_in_pieces() -> sh_("printf ab; sleep 0.05; printf 'cd\\ne'; sleep 0.05; printf 'f\\n'", [{line, 3}]).
lines_long() -> L = sh_("yes aaaa 2>/dev/null | head -c 125000 | tr -d '\\n'; echo", [{line, 1000}, binary]), {length(L), lists:usort(L)}.
lines_status() -> sh_("printf 'a\\nb'; exit 3", [{line, 10}, exit_status]).
packets_in() -> [sh_("printf '" ++ S ++ "'", [{packet, N}]) || {S, N} <- [{"\\003abc\\001z\\000", 1}, {"\\000\\003abc\\000\\000", 2}, {"\\000\\000\\000\\003abc", 4}, {"\\005ab", 1}, {"\\000", 2}]].
packets_both() -> [begin P = cat_([{packet, N}, binary]), R = [begin port_command(P, D), packet_(P) end || D <- ["x", ["a", <<"b">>, [$c]], "", <<0:800>>]], port_close(P), exit_of_(P), R end || N <- [1, 2, 4]].
packets_too_long() -> [begin P = cat_([{packet, N}]), {port_command(P, binary:copy(<<"x">>, S)), exit_of_(P)} end || {N, S} <- [{1, 256}, {2, 65536}]].
packets_longest() -> [begin P = cat_([{packet, N}, binary]), D = binary:copy(<<"x">>, S), port_command(P, D), R = packet_(P) =:= D, port_close(P), R end || {N, S} <- [{1, 255}, {2, 65535}, {4, 300000}]].
packets_in_pieces() -> sh_("printf '\\003a'; sleep 0.05; printf bc; sleep 0.05; printf '\\001'; sleep 0.05; printf d", [{packet, 1}]).
packets_send() -> P = cat_([{packet, 2}, binary]), P ! {self(), {command, ["a", <<"b">>]}}, R = packet_(P), port_close(P), R.
packets_many() -> P = cat_([{packet, 2}, binary]), [port_command(P, integer_to_binary(N)) || N <- lists:seq(1, 2000)], R = [packet_(P) =:= integer_to_binary(N) || N <- lists:seq(1, 2000)], port_close(P), lists:usort(R).

%% Commands.
commands() -> P = cat_(), R = [port_command(P, D) || D <- ["abc", <<"d">>, [[$e], <<"f">> | <<"g">>]]], B = bytes_(P, 7), port_close(P), {R, B}.
command_empty() -> P = cat_(), R = port_command(P, ""), port_command(P, "x"), {R, bytes_(P, 1)}.
command_wrong() -> P = cat_(), R = [err(fun() -> port_command(P, id(D)) end) || D <- [foo, [a], [256], [-1], 1, <<1:1>>]], {R, is_list(erlang:port_info(P))}.
command_options() -> P = cat_(), R = [err(fun() -> port_command(P, "x", id(O)) end) || O <- [[], [nosuspend], [force], [foo], foo, [nosuspend | x]]], {R, bytes_(P, 2)}.
command_big() -> P = cat_(), D = binary:copy(<<"0123456789">>, 100000), S = self(), spawn_link(fun() -> S ! {sent, port_command(P, D)} end), B = bytes_(P, 1000000), {B =:= D, receive {sent, X} -> X end}.
command_by_others() -> P = cat_(), S = self(), spawn(fun() -> S ! {done, port_command(P, "x")} end), {receive {done, X} -> X end, bytes_(P, 1)}.
send_command() -> P = cat_(), {_, {command, "hello"}} = (P ! {self(), {command, "hello"}}), R = bytes_(P, 5), erlang:send(P, {self(), {command, "x"}}), ok = erlang:send(P, {self(), {command, "y"}}, []), {R, bytes_(P, 2)}.
send_for_owner() -> P = cat_(), S = self(), spawn(fun() -> P ! {S, {command, "x"}} end), bytes_(P, 1).
send_close() -> P = cat_(), P ! {self(), close}, [receive {'EXIT', P, R} -> R end, receive {P, X} -> X end].
send_connect() -> P = cat_(), P ! {self(), {connect, self()}}, receive {P, X} -> X end.
send_wrong() -> [begin P = cat_(), P ! M, {exit_of_(P), is_list(erlang:port_info(P))} end || M <- [foo, {self(), foo}, {self(), {command, foo}}, {self(), {connect, foo}}, {foo, close}, {self(), close, x}, {self(), {foo, bar}}]].
send_by_another() -> P = cat_(), spawn(fun() -> P ! {self(), {command, "x"}} end), exit_of_(P).
close() -> P = cat_(), [port_close(P), exit_of_(P), erlang:port_info(P), lists:member(P, erlang:ports())].
close_by_another() -> P = cat_(), spawn(fun() -> port_close(P) end), exit_of_(P).
close_flushes() -> P = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "read a; read b; echo $a $b"]}, stderr_to_stdout, in, out]), port_command(P, "x\ny\n"), receive {P, {data, D}} -> D end.
closed() -> P = cat_(), port_close(P), exit_of_(P), [err(F) || F <- [fun() -> port_close(P) end, fun() -> port_command(P, "x") end, fun() -> port_connect(P, self()) end, fun() -> port_control(P, 1, "x") end, fun() -> erlang:port_info(P) end, fun() -> erlang:port_info(P, name) end, fun() -> erlang:port_get_data(P) end, fun() -> P ! {self(), close}, ok end, fun() -> exit(P, x) end, fun() -> unlink(P) end, fun() -> erlang:port_call(P, 1, x) end]].
no_ports() -> [err(F) || F <- [fun() -> port_close(id(foo)) end, fun() -> port_close(id(self())) end, fun() -> port_command(id(1), "x") end, fun() -> erlang:port_info(id(1)) end, fun() -> erlang:port_info(id(nonesuch)) end, fun() -> erlang:port_info(id(nonesuch), name) end, fun() -> erlang:port_info(id("x"), name) end, fun() -> port_connect(id(foo), self()) end, fun() -> erlang:port_get_data(id(foo)) end, fun() -> erlang:port_set_data(id(foo), 1) end]].
control() -> P = cat_(), [err(fun() -> port_control(P, id(Op), id(D)) end) || {Op, D} <- [{1, "x"}, {-1, "x"}, {a, "x"}, {1, foo}]] ++ [err(fun() -> erlang:port_call(P, 1, x) end), err(fun() -> erlang:port_call(P, x) end)].
data() -> P = cat_(), {erlang:port_get_data(P), erlang:port_set_data(P, {a, [1, <<0:800>>], #{b => 2.0}}), erlang:port_get_data(P), erlang:port_set_data(P, x), erlang:port_get_data(P)}.
data_by_others() -> P = cat_(), S = self(), spawn(fun() -> erlang:port_set_data(P, lists:seq(1, 100)), S ! done end), receive done -> ok end, lists:sum(erlang:port_get_data(P)).
program_ends() -> P = cat_(), {os_pid, Os} = erlang:port_info(P, os_pid), run_({spawn, "sh -c 'kill -9 " ++ integer_to_list(Os) ++ "'"}, []), exit_of_(P).
program_reads_no_more() -> process_flag(trap_exit, true), P = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "exec <&-; echo go; sleep 2"]}, binary]), bytes_(P, 3), {port_command(P, "x"), exit_of_(P)}.

%% Busy ports.
sleeper_(O) -> process_flag(trap_exit, true), open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "sleep 2"]} | O]).
fill_(P) -> case port_command(P, binary:copy(<<"x">>, 20000), [nosuspend]) of true -> fill_(P); false -> busy end.
busy_command() -> P = sleeper_([]), R = fill_(P), port_close(P), {R, exit_of_(P)}.
busy_sender_waits() -> P = sleeper_([]), fill_(P), S = self(), Pid = spawn(fun() -> P ! {S, {command, "x"}}, P ! {S, {command, "y"}}, receive stop -> ok end end), R = status_(Pid, suspended), port_close(P), {R, status_(Pid, waiting)}.
busy_send_nosuspend() -> P = sleeper_([]), fill_(P), {erlang:send(P, {self(), {command, "x"}}, [nosuspend]), erlang:send_nosuspend(P, {self(), {command, "x"}})}.
busy_limits() -> P = sleeper_([{busy_limits_port, {1000, 200000}}]), {port_command(P, binary:copy(<<"x">>, 100000), [nosuspend]), port_command(P, binary:copy(<<"x">>, 80000), [nosuspend]), fill_(P)}.
busy_disabled() -> P = sleeper_([{busy_limits_port, disabled}]), [port_command(P, binary:copy(<<"x">>, 100000), [nosuspend]) || _ <- lists:seq(1, 5)].
busy_goes_on() -> process_flag(trap_exit, true), P = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "sleep 0.1; head -c 1000000 | wc -c"]}, binary]), D = binary:copy(<<"x">>, 10000), [port_command(P, D) || _ <- lists:seq(1, 100)], all_(P).
busy_many_senders() -> process_flag(trap_exit, true), P = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "sleep 0.1; head -c 1000000 | wc -c"]}, binary]), S = self(), D = binary:copy(<<"x">>, 10000), [spawn(fun() -> [P ! {S, {command, D}} || _ <- lists:seq(1, 10)] end) || _ <- lists:seq(1, 10)], all_(P).
busy_command_closed() -> P = sleeper_([]), fill_(P), S = self(), Pid = spawn(fun() -> S ! {r, err(fun() -> port_command(P, "x") end)} end), timer:sleep(20), S2 = is_process_alive(Pid), port_close(P), {S2, receive {r, X} -> X end}.

%% Owners, links, monitors, signals.
owner_ends_() -> fun(Reason) -> S = self(), {Pid, R} = spawn_monitor(fun() -> P = open_port({spawn, "cat"}, []), S ! {port, P}, receive go -> exit(Reason) end end), P = receive {port, X} -> X end, M = erlang:monitor(port, P), Pid ! go, receive {'DOWN', R, _, _, _} -> ok end, receive {'DOWN', M, T, P, Why} -> {T, Why} end end.
owner_ends() -> F = owner_ends_(), [F(R) || R <- [normal, shutdown, oops, kill, {a, [b]}]].
owner_killed() -> S = self(), Pid = spawn(fun() -> S ! {port, open_port({spawn, "cat"}, [])}, receive stop -> ok end end), P = receive {port, X} -> X end, M = erlang:monitor(port, P), exit(Pid, kill), receive {'DOWN', M, port, P, Why} -> Why end.
owner_not_trapping() -> {_, R} = spawn_monitor(fun() -> P = open_port({spawn, "cat"}, []), exit(P, oops), receive stop -> ok end end), receive {'DOWN', R, _, _, Why} -> Why end.
owner_program_ends() -> {_, R} = spawn_monitor(fun() -> open_port({spawn, "true"}, []), receive stop -> ok after 300 -> survived end, exit(survived) end), receive {'DOWN', R, _, _, Why} -> Why end.
exits() -> [begin P = cat_(), exit(P, R), exit_of_(P) end || R <- [normal, foo, kill, {a, b}]].
exit_by_another() -> P = cat_(), spawn(fun() -> exit(P, normal), exit(P, oops) end), exit_of_(P).
link_from_another() -> [begin P = cat_(), S = self(), Pid = spawn(fun() -> link(P), S ! linked, receive X -> exit(X) end end), receive linked -> ok end, N = length(links_(P)), Pid ! R, {N, case R of normal -> status_(Pid, none), {length(links_(P)), port_close(P), exit_of_(P)}; _ -> exit_of_(P) end} end || R <- [normal, oops]].
link_dies_with_port() -> P = cat_(), S = self(), {Pid, R} = spawn_monitor(fun() -> link(P), S ! linked, receive stop -> ok end end), receive linked -> ok end, exit(P, boom), receive {'DOWN', R, process, Pid, Why} -> Why end.
link_twice() -> P = cat_(), {link(P), link(P), length(links_(P)), unlink(P), links_(P), unlink(P), port_close(P), receive {'EXIT', P, _} -> told after 20 -> quiet end}.
link_closed() -> P = cat_(), port_close(P), exit_of_(P), link(P), R = exit_of_(P), process_flag(trap_exit, false), {R, err(fun() -> link(P) end)}.
monitors() -> P = cat_(), A = erlang:monitor(port, P), B = monitor(port, P), demonitor(B), C = erlang:monitor(port, P, [{tag, mine}]), {monitored_by, L} = erlang:port_info(P, monitored_by), S = self(), port_close(P), {[X =:= S || X <- L], receive {'DOWN', A, port, P, X} -> X end, receive {mine, C, port, P, Y} -> Y end, receive {_, B, _, _, _} -> told after 0 -> quiet end}.
monitor_name() -> P = cat_(), register(port_cases_m, P), M = erlang:monitor(port, port_cases_m), N = erlang:monitor(port, {port_cases_m, node()}), {monitors, L} = process_info(self(), monitors), port_close(P), {sorted(L), [receive {'DOWN', R, port, Who, Why} -> {Who, Why} end || R <- [M, N]]}.
monitor_nobody() -> P = cat_(), port_close(P), A = erlang:monitor(port, P), B = erlang:monitor(port, nonesuch), [receive {'DOWN', A, port, P, X} -> X end, receive {'DOWN', B, T, Y, Z} -> {T, Y, Z} end].
monitor_wrong() -> P = cat_(), [err(fun() -> erlang:monitor(id(T), id(W)) end) || {T, W} <- [{port, self()}, {process, P}, {port, 1}, {port, "x"}]].
process_info_of_owner() -> P = cat_(), M = erlang:monitor(port, P), {links, L} = process_info(self(), links), {monitors, N} = process_info(self(), monitors), demonitor(M), {lists:member(P, L), lists:member({port, P}, N)}.
connect() -> P = cat_(), S = self(), Pid = spawn(fun() -> receive {P, {data, D}} -> S ! {got, D} end, receive stop -> ok end end), R = port_connect(P, Pid), port_command(P, "x"), X = receive {got, D} -> D end, {R, X, erlang:port_info(P, connected) =:= {connected, Pid}, length(links_(P)), unlink(P), length(links_(P))}.
connect_then_end() -> P = cat_(), Pid = spawn(fun() -> receive stop -> exit(bye) end end), port_connect(P, Pid), Pid ! stop, exit_of_(P).
connect_wrong() -> P = cat_(), [err(fun() -> port_connect(P, id(X)) end) || X <- [foo, 1, P]].
connect_send_links_nobody() -> P = cat_(), Pid = spawn(fun() -> receive stop -> ok end end), P ! {self(), {connect, Pid}}, receive {P, connected} -> ok end, {links_(P) =:= [self()], process_info(Pid, links)}.
names() -> P = cat_(), Q = cat_(), R = [err(F) || F <- [fun() -> register(port_cases_a, P) end, fun() -> register(port_cases_b, P) end, fun() -> register(port_cases_a, Q) end, fun() -> whereis(port_cases_a) =:= P end, fun() -> erlang:port_info(P, registered_name) end, fun() -> port_command(port_cases_a, "x") end, fun() -> erlang:port_info(port_cases_a, name) end, fun() -> unregister(port_cases_a) end, fun() -> erlang:port_info(P, registered_name) end, fun() -> register(port_cases_b, P) end, fun() -> port_cases_b ! {self(), {command, "y"}}, bytes_(P, 2) end, fun() -> port_close(port_cases_b) end, fun() -> exit_of_(P) end, fun() -> whereis(port_cases_b) end, fun() -> lists:member(port_cases_b, registered()) end, fun() -> port_cases_b ! x end]], port_close(Q), R.
information() -> P = cat_(), port_command(P, "abc"), bytes_(P, 3), I = erlang:port_info(P), {[K || {K, _} <- I], [V || {K, V} <- I, lists:member(K, [name, input, output])], proplists:get_value(connected, I) =:= self(), proplists:get_value(links, I) =:= [self()]}.
information_items() -> P = cat_(), [case erlang:port_info(P, K) of {K, V} when K =:= id; K =:= os_pid; K =:= memory -> {K, is_integer(V)}; {K, V} when V =:= self(); V =:= [self()] -> {K, me}; X -> X end || K <- [registered_name, id, connected, links, name, input, output, os_pid, parallelism, memory, monitors, monitored_by, queue_size, locking]].
information_wrong() -> P = cat_(), [err(fun() -> erlang:port_info(P, id(K)) end) || K <- [foo, 1, "name"]].
information_named() -> P = cat_(), register(port_cases_i, P), R = [K || {K, _} <- erlang:port_info(P)], port_close(P), R.
information_names() -> [begin process_flag(trap_exit, true), P = open_port(N, []), R = erlang:port_info(P, name), port_close(P), R end || N <- [{spawn, "  cat   -u"}, {spawn_executable, "/bin/cat"}, {spawn_executable, <<"/bin/cat">>}]].
terms() -> P = cat_(), L = port_to_list(P), {is_port(P), is_pid(P), hd(L), list_to_port(L) =:= P, binary_to_term(term_to_binary(P)) =:= P, P < self(), P > make_ref(), node(P)}.
ports_list() -> P = cat_(), A = lists:member(P, erlang:ports()), port_close(P), {A, lists:member(P, erlang:ports())}.
many_at_once() -> Ps = [cat_([{packet, 2}, binary]) || _ <- lists:seq(1, 60)], [port_command(P, port_to_list(P)) || P <- Ps], R = [packet_(P) =:= list_to_binary(port_to_list(P)) || P <- Ps], [port_close(P) || P <- Ps], {lists:usort(R), [P || P <- Ps, lists:member(P, erlang:ports())]}.
many_in_turn() -> N = length(erlang:ports()), [begin P = cat_(), port_close(P), exit_of_(P) end || _ <- lists:seq(1, 300)], length(erlang:ports()) =< N + 1.
many_owners() -> S = self(), Pids = [spawn(fun() -> P = open_port({spawn, "cat"}, [{packet, 1}, binary]), port_command(P, "x"), S ! {self(), packet_(P)} end) || _ <- lists:seq(1, 40)], lists:usort([receive {Pid, X} -> X end || Pid <- Pids]).
killed_while_opening() -> C = "cat -u", Pids = [spawn(fun() -> open_port({spawn, C}, []), receive stop -> ok end end) || _ <- lists:seq(1, 30)], [exit(P, kill) || P <- Pids], [gone_(P) || P <- erlang:ports(), erlang:port_info(P, name) =:= {name, C}], ok.

%% os:cmd.
cmd_(C) -> catch os:internal_init_cmd_shell(), os:cmd(C).
cmd() -> [cmd_(C) || C <- ["echo hi", "echo a; echo b", "cat", "exit 3", "echo err 1>&2", "printf 'a\\tb'", "echo 'quo\"ted'", "true", "echo $0 | wc -l"]].
cmd_atom() -> cmd_('echo hi').
cmd_big() -> length(cmd_("yes xxxx 2>/dev/null | head -c 300000")).
cmd_limit() -> catch os:internal_init_cmd_shell(), [os:cmd("echo abcdef", #{max_size => N}) || N <- [0, 3, 100]].
cmd_wrong() -> catch os:internal_init_cmd_shell(), [err(fun() -> os:cmd(id(C)) end) || C <- [1, [a], {x}]].
cmd_many() -> catch os:internal_init_cmd_shell(), S = self(), [spawn(fun() -> S ! {N, os:cmd("echo " ++ integer_to_list(N))} end) || N <- lists:seq(1, 20)], [receive {N, X} -> X end || N <- lists:seq(1, 20)].
cmd_leaves_nothing() -> N = length(erlang:ports()), cmd_("echo hi"), {length(erlang:ports()) =< N + 1, receive X -> X after 0 -> none end}.
line_of_usual_length() -> P = open_port({spawn, "printf '%01000d\\ny\\n' 0"}, [line, eof]), L = lines_(P), catch port_close(P), L.
lines_(P) -> receive {P, {data, {K, D}}} -> [{K, length(D)} | lines_(P)]; {P, eof} -> [] end.
