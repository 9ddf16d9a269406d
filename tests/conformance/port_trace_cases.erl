%% SPDX-License-Identifier: Apache-2.0
%% Tracing of ports: what is told of them, in which order, to whom; flags, sessions, what new ones take over.
%% The port is one that answers at once (files in memory) where the order of all events is looked at: what a program does is not in our hands.
-module(port_trace_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_catch]).
-import(conformance, [id/1, err/1, flush/0, take/0]).

-define(RAM, {spawn_driver, "ram_file_drv"}).

listen(Told) -> receive {tell, To} -> To ! {told, lists:reverse(Told)}; M -> listen([M | Told]) end.
listener_() -> S = self(), spawn_link(fun() -> put(owner, S), listen([]) end).
told(C) -> C ! {tell, self()}, receive {told, L} -> L end.

%% What a tracer hears of ports with those flags while F runs; F gives other pids and ports names.
heard(Flags, F) -> heard(Flags, fun(_) -> F() end, []).
heard(Flags, F, _) ->
    process_flag(trap_exit, true),
    C = listener_(),
    erlang:trace(new_ports, true, [{tracer, C} | Flags]),
    Names = try F(C) after erlang:trace(all, false, [all]) end,
    named([{self(), s}, {C, c} | Names], [T || T <- told(C), not forker_(T)]).
%% OTP's programs are started by another program, which speaks to the port as if it were a process.
forker_({trace, _, send, {_, {control, <<>>}}, _}) -> true;
forker_({trace, _, 'receive', {_, {control, {_, <<_:32/binary>>}}}}) -> true;
forker_(_) -> false.
named(Names, T) -> put(names, Names), V = name(T), erase(names), V.
name(T) when is_pid(T); is_port(T) -> {_, N} = lists:keyfind(T, 1, get(names)), N;
name(T) when is_reference(T) -> ref;
name([H | T]) -> A = name(H), [A | name(T)];
name(T) when is_tuple(T) -> list_to_tuple(name(tuple_to_list(T)));
name(T) -> T.

closed(P) -> receive {'EXIT', P, R} -> R end.

%% --- life

life() -> heard([ports], fun() -> P = open_port(?RAM, []), port_close(P), closed(P), [{P, p}] end).
life_all() -> heard([ports, send, 'receive'], fun() -> P = open_port(?RAM, [binary]), port_command(P, <<1>>), receive {P, {data, _}} -> ok end, port_close(P), closed(P), [{P, p}] end).
life_closed() -> heard([ports, send, 'receive'], fun() -> P = open_port(?RAM, []), P ! {self(), close}, receive {P, closed} -> ok end, [{P, p}] end).
life_program() -> heard([ports], fun() -> P = open_port({spawn, "/bin/cat -u"}, []), port_close(P), closed(P), [{P, p}] end).
life_ends() -> heard([ports, send], fun() -> P = open_port({spawn, "true"}, [exit_status]), receive {P, {exit_status, 0}} -> closed(P) end, [{P, p}] end).
life_eof() -> heard([ports, send, 'receive'], fun() -> P = open_port({spawn, "true"}, [eof]), receive {P, eof} -> ok end, port_close(P), closed(P), [{P, p}] end).
life_name_long() -> heard([ports], fun() -> P = open_port({spawn, "cat" ++ lists:duplicate(300, $ )}, []), port_close(P), closed(P), [{P, p}] end).
life_without_program() ->
    [case T of {trace, _, What, _, Name} -> {What, Name} end || T <- begin process_flag(trap_exit, true), C = listener_(), erlang:trace(new_ports, true, [ports, {tracer, C}]),
        catch open_port({spawn_executable, "/nonexistent"}, []), erlang:trace(all, false, [all]), told(C) end].

%% --- what reaches it

commands() ->
    heard(['receive'], fun() -> P = open_port({spawn, "/bin/cat"}, [binary]), port_command(P, <<"a">>), port_command(P, ["b", <<"c">> | <<"d">>]),
        P ! {self(), {command, "e"}}, port_command(P, binary:copy(<<"x">>, 100)), P ! {self(), {command, ""}}, port_close(P), closed(P), [{P, p}] end).
commands_packet() -> heard(['receive'], fun() -> P = open_port({spawn, "/bin/cat"}, [{packet, 2}]), port_command(P, "abc"), port_close(P), closed(P), [{P, p}] end).
commands_answered() ->
    heard([send, 'receive'], fun() -> P = open_port({spawn, "/bin/cat"}, [{packet, 2}]), port_command(P, "abc"), receive {P, {data, "abc"}} -> ok end, port_close(P), closed(P), [{P, p}] end).
commands_line() ->
    heard([send], fun() -> P = open_port({spawn, "echo a; printf b"}, [{line, 10}, binary, eof]), receive {P, eof} -> ok end, port_close(P), closed(P), [{P, p}] end).
command_refused() -> heard([ports, 'receive'], fun() -> P = open_port({spawn, "/bin/cat"}, [{packet, 1}]), catch port_command(P, binary:copy(<<1>>, 256)), closed(P), [{P, p}] end).
control() -> heard(['receive', send], fun() -> P = open_port(?RAM, []), catch port_control(P, 3, "abc"), catch port_control(P, (1 bsl 32) - 1, <<>>), port_close(P), closed(P), [{P, p}] end).
call() -> heard(['receive', send, running_ports], fun() -> P = open_port(?RAM, []), catch erlang:port_call(P, 3, abc), port_close(P), closed(P), [{P, p}] end).
bad_signal() -> heard(['receive', send, ports], fun() -> P = open_port(?RAM, []), P ! foo, receive {'EXIT', P, badsig} -> ok end, port_close(P), closed(P), [{P, p}] end).
connecting() ->
    heard([ports, 'receive', send], fun() ->
        P = open_port(?RAM, []), S = self(),
        Q = spawn(fun() -> receive go -> ok end, P ! {self(), {connect, S}}, receive {P, connected} -> unlink(P) end, S ! done end),
        port_connect(P, Q), unlink(P), Q ! go, receive done -> ok end,
        erlang:port_info(P, id), P ! {S, {connect, S}}, receive {P, connected} -> ok end, port_close(P), [{P, p}, {Q, q}] end).

%% --- links, names, ends

links() -> heard([ports], fun() -> P = open_port(?RAM, []), unlink(P), link(P), unlink(P), unlink(P), erlang:port_info(P, id), port_close(P), [{P, p}] end).
names() ->
    heard([ports], fun() -> P = open_port(?RAM, []), register(port_trace_name, P), unregister(port_trace_name), register(port_trace_other, P), port_close(P), closed(P), [{P, p}] end).
ended_by_owner() ->
    heard([ports, 'receive'], fun() -> S = self(), {Q, M} = spawn_monitor(fun() -> S ! {port, open_port(?RAM, [])}, receive {S, go} -> exit(bye) end end),
        P = receive {port, X} -> X end, N = monitor(port, P), Q ! {S, go}, receive {'DOWN', M, _, _, _} -> ok end, receive {'DOWN', N, _, _, _} -> ok end, [{P, p}, {Q, q}] end).
ended_by_link() ->
    heard([ports, 'receive'], fun() -> P = open_port(?RAM, []), Q = spawn(fun() -> link(P), exit(bye) end), R = closed(P), bye = R, [{P, p}, {Q, q}] end).
ended_by_exit() -> heard([ports, 'receive'], fun() -> P = open_port(?RAM, []), exit(P, kaboom), closed(P), [{P, p}] end).
ended_by_kill() -> heard([ports, 'receive'], fun() -> P = open_port(?RAM, []), exit(P, kill), closed(P), [{P, p}] end).

%% --- running

running() ->
    heard([running_ports, ports, 'receive', send], fun() ->
        P = open_port(?RAM, [binary]), port_command(P, <<1>>), receive {P, {data, _}} -> ok end, erlang:port_info(P), erlang:port_info(P, connected),
        M = monitor(port, P), demonitor(M), unlink(P), link(P), P ! {self(), {connect, self()}}, receive {P, connected} -> ok end, catch port_control(P, 1, ""),
        register(port_trace_name, P), port_close(P), closed(P), [{P, p}] end).

%% --- flags

info(P) -> [erlang:trace_info(P, flags), erlang:trace_info(P, tracer)].
flags() ->
    P = open_port(?RAM, []), C = spawn_link(fun() -> receive stop -> ok end end),
    N = fun(T) -> named([{P, p}, {C, c}, {self(), s}], T) end,
    V = N([info(P), erlang:trace(P, true, [all, {tracer, C}]), info(P), erlang:trace(P, false, [all]), info(P), erlang:trace(P, true, [procs, call]), info(P),
        erlang:trace(P, false, [all]), erlang:trace(P, true, [silent]), info(P), erlang:trace(P, false, [all]),
        erlang:trace(existing_ports, true, [procs]), info(P), erlang:trace(existing_ports, true, [send, ports, procs]) > 0, info(P),
        err(fun() -> erlang:trace_delivered(P) end), err(fun() -> erlang:trace_info(P, session) end), trace:info(any, P, session)]),
    erlang:trace(existing_ports, false, [all]), port_close(P), C ! stop,
    {V, info(P), err(fun() -> erlang:trace(P, true, [send]) end), err(fun() -> erlang:trace(P, false, [send]) end)}.
flags_new() ->
    V = [erlang:trace(new_ports, true, [procs]), erlang:trace_info(new_ports, flags), erlang:trace(new_ports, true, [procs, ports, silent]), erlang:trace_info(new_ports, flags),
        named([{self(), s}], erlang:trace_info(new_ports, tracer)), erlang:trace_info(new, flags)],
    P = open_port(?RAM, []), W = named([{self(), s}], info(P)), erlang:trace(new_ports, false, [all]), Q = open_port(?RAM, []), X = info(Q), Y = named([{self(), s}], info(P)),
    port_close(P), port_close(Q), flush(), [V, W, X, Y].
own_tracer() -> P = open_port(?RAM, []), V = [erlang:trace(P, true, [{tracer, P}, ports]), erlang:trace_info(P, flags)], unlink(P), port_close(P), V.
tracer_gone() ->
    P = open_port(?RAM, []), {C, M} = spawn_monitor(fun() -> receive stop -> ok end end), erlang:trace(P, true, ['receive', {tracer, C}]), V = erlang:trace_info(P, flags),
    C ! stop, receive {'DOWN', M, _, _, _} -> ok end, W = info(P), port_command(P, <<1>>), X = erlang:trace(P, true, [send]), Y = erlang:trace_info(P, flags), port_close(P), [V, W, X, Y].
other_tracer() ->
    P = open_port(?RAM, []), C = spawn_link(fun() -> receive stop -> ok end end), erlang:trace(P, true, [send, {tracer, C}]),
    V = [err(fun() -> erlang:trace(P, true, [send]) end), erlang:trace(P, true, ['receive', {tracer, C}]), erlang:trace_info(P, flags)], erlang:trace(P, false, [all]), port_close(P), C ! stop, V.
timestamps() ->
    C = listener_(), P = open_port(?RAM, []), [begin erlang:trace(P, true, ['receive', How, {tracer, C}]), port_command(P, <<1>>), erlang:port_info(P, id), erlang:trace(P, false, [all]) end
        || How <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp, scheduler_id]],
    port_close(P), flush(),
    [case M of {trace_ts, P, 'receive', _, {A, B, D}} when is_integer(A), is_integer(B), is_integer(D) -> timestamp; {trace_ts, P, 'receive', _, T} when is_integer(T) -> monotonic;
        {trace_ts, P, 'receive', _, {T, U}} when is_integer(T), is_integer(U) -> strict; {trace, P, 'receive', _, N} when is_integer(N) -> scheduler end || M <- told(C)].

%% --- sessions, and ports as tracers of ports

sessions() ->
    A = listener_(), B = listener_(), SA = trace:session_create(a, A, []), SB = trace:session_create(b, B, []),
    trace:port(SA, new, true, ['receive', ports]), P = open_port(?RAM, []), trace:port(SB, P, true, ['receive']),
    V = [trace:info(SA, P, flags), trace:info(SB, P, flags), erlang:trace_info(P, flags), [N || {N, _} <- element(2, trace:info(any, P, session))], trace:port(SB, all, true, [send]) > 0],
    port_command(P, <<1>>), erlang:port_info(P, id),
    trace:session_destroy(SA), port_command(P, <<1>>), W = [trace:info(SB, P, flags), [N || {N, _} <- element(2, trace:info(any, P, session))]],
    trace:port(SB, all, false, [all]), port_command(P, <<1>>), trace:session_destroy(SB), unlink(P), port_close(P), flush(),
    {V, W, named([{P, p}, {self(), s}], {told(A), [T || T <- told(B), element(2, T) =:= P]})}.

%% --- patterns of messages: sends can be turned off, nothing else is asked of ports

patterns() ->
    C = listener_(),
    V = [begin
        erlang:trace_pattern(send, Pattern, []), erlang:trace_pattern('receive', Pattern, []),
        P = open_port(?RAM, []), erlang:trace(P, true, [send, 'receive', {tracer, C}]), port_command(P, <<1>>), erlang:port_info(P, id), erlang:trace(P, false, [all]),
        unlink(P), port_close(P), {Pattern, length(told(C))}
    end || Pattern <- [false, true, [{['$1', '_'], [{'==', '$1', other}], []}], [{'_', [], [{message, false}]}]]],
    erlang:trace_pattern(send, true, []), erlang:trace_pattern('receive', true, []), flush(), V.
