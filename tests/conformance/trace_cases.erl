%% SPDX-License-Identifier: Apache-2.0
%% Tracing: processes, calls, messages; match specifications and what they do; sessions; seq_trace.
%% A case traces a process of its own, from before it does anything until it has ended, for a tracer that does nothing but listen.
-module(trace_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_catch]).
-import(conformance, [id/1, err/1]).

%% --- what is traced

f(X) -> [g(X)].
g(X) -> [X | h(X)].
h(X) -> X.
tail(X) -> h(X).
loop(0) -> done;
loop(N) -> loop(N - 1).
body(0) -> 0;
body(N) -> 1 + body(N - 1).
boom(X) -> error(X).
boom2(X) -> [boom(X)].
thrown(X) -> throw(X).
thrown2(X) -> [thrown(X)].
again_(Class, F) -> try F() catch _:R:S -> erlang:raise(Class, R, S) end.
caught(X) -> try boom2(X) catch _:R -> {caught, R} end.
many(A, B, C, D, E, F, G, H) -> {A, B, C, D, E, F, G, H}.
waits_() -> receive {stop, X} -> X; other -> waits_() end.
wrapped(X) -> lists:reverse(X, []).
clause(a) -> ok.

%% --- helpers

listen(Told) -> receive {tell, To} -> To ! {told, lists:reverse(Told)}; M -> listen([M | Told]) end.

%% A process that waits, traced with these flags; Do gets its pid and returns when it has been told what to do.
traced(Flags, F) -> traced(Flags, fun(_) -> ok end, F).
traced(Flags, Meanwhile, F) ->
    traced(fun(P, C) -> 1 = erlang:trace(P, true, [{tracer, C} | Flags]) end, Meanwhile, F, []).
traced(Trace, Meanwhile, F, _) ->
    Self = self(),
    C = spawn(fun() -> listen([]) end),
    {P, M} = spawn_monitor(fun() -> Self ! {self(), ready}, receive go -> ok end, run(F) end),
    receive {P, ready} -> ok end,
    Trace(P, C),
    Value = Meanwhile(P),
    P ! go,
    receive {'DOWN', M, process, P, _} -> ok end,
    Told = told(P, C),
    named([{P, p}, {C, c}, {Self, s}], case Value of ok -> Told; _ -> {Value, Told} end).
run(F) -> F(), ok.

told(P, C) ->
    R = erlang:trace_delivered(P),
    receive {trace_delivered, P, R} -> ok end,
    C ! {tell, self()},
    receive {told, Told} -> Told end.

%% Pids and such by names, others in order.
named(Names, T) -> put(names, Names), V = name(T), erase(names), V.
name(T) when is_pid(T) ->
    Names = get(names),
    case lists:keyfind(T, 1, Names) of
        {_, N} -> N;
        false -> N = {pid, length(Names)}, put(names, [{T, N} | Names]), N
    end;
name(T) when is_reference(T) -> ref;
name(T) when is_function(T) -> function;
name([H | T]) -> A = name(H), [A | name(T)];
name(T) when is_tuple(T) -> list_to_tuple(name(tuple_to_list(T)));
name(T) -> T.

%% Messages are told of whatever they are unless a pattern says otherwise, calls are not.
pattern(MFA, Spec, Flags, F) ->
    N = erlang:trace_pattern(MFA, Spec, Flags),
    try {N, F()} after erlang:trace_pattern(MFA, is_atom(MFA), Flags) end.

calls(MFA, Spec, F) -> calls(MFA, Spec, [call], F).
calls(MFA, Spec, Flags, F) -> pattern(MFA, Spec, [local], fun() -> traced(Flags, F) end).

t(F) -> {?MODULE, F, '_'}.

%% --- calls

call_local() -> calls(t(h), true, fun() -> h(1), ?MODULE:h(2), apply(?MODULE, h, [3]), (fun ?MODULE:h/1)(4), f(5) end).
call_global() ->
    pattern(t(h), true, [], fun() -> traced([call], fun() -> h(1), ?MODULE:h(2), apply(?MODULE, h, [3]), (fun ?MODULE:h/1)(4), f(5) end) end).
call_module() -> calls({?MODULE, g, 1}, true, fun() -> f(a) end).
call_args() -> calls(t(many), true, fun() -> many(1, a, "s", {t}, #{m => 1}, <<"b">>, 1.5, [l | i]) end).
call_arity() -> calls(t(h), true, [call, arity], fun() -> f(1) end).
call_tail() -> calls(t(loop), true, fun() -> loop(3) end).
call_fun() -> calls({?MODULE, '-module_fun_/0-fun-0-', 1}, true, fun() -> (module_fun_())(1), lists:map(module_fun_(), [2, 3]) end).
module_fun_() -> fun(X) -> [X] end.
call_function_clause() -> calls(t(clause), [{'_', [], [{exception_trace}]}], fun() -> catch clause(id(b)) end).
call_waits() ->
    pattern(t(waits_), true, [local], fun() ->
        traced([call], fun(P) -> P ! other, P ! other, ok end, fun() -> self() ! other, self() ! {stop, 1}, waits_() end) end).
call_waits_for_real() ->
    Self = self(),
    pattern(t(waits_), [{'_', [], [{return_trace}]}], [local], fun() ->
        traced([call], fun(P) -> spawn(fun() -> receive {Self, go} -> ok end, wait_until_waiting(P), P ! other,
                                     wait_until_waiting(P), P ! {stop, x} end) ! {Self, go}, ok end,
               fun() -> waits_() end) end).
wait_until_waiting(P) ->
    case process_info(P, [status, current_function]) of
        [{status, waiting}, {current_function, {?MODULE, waits_, 0}}] -> ok;
        _ -> erlang:yield(), wait_until_waiting(P)
    end.
call_bif() ->
    calls({erlang, atom_to_list, 1}, [{'_', [], [{return_trace}]}], fun() -> id(atom_to_list(id(a))), apply(erlang, atom_to_list, [b]) end).
call_bif_global() ->
    pattern({erlang, atom_to_list, 1}, [{'_', [], [{exception_trace}]}], [], fun() ->
        traced([call], fun() -> id(atom_to_list(id(a))), catch id(atom_to_list(id(1))) end) end).
call_bif_return_to() -> calls({lists, reverse, 2}, [{'_', [], [{return_trace}]}], [call, return_to], fun() -> [lists:reverse(id([1]), [])] end).
call_bif_last() -> calls({lists, reverse, 2}, [{'_', [], [{return_trace}]}], fun() -> [wrapped([1, 2])] end).
call_bif_wrapped() -> calls(t(wrapped), true, fun() -> wrapped([1, 2]), wrapped(lists:seq(1, 3)) end).
call_bif_error() ->
    calls({erlang, atom_to_list, 1}, true, fun() -> try id(atom_to_list(id(1))) catch E:R:S -> self() ! {E, R, [{M, F, A} || {M, F, A, _} <- S]} end end).
call_bif_trap() ->
    pattern({erlang, '++', 2}, [{'_', [], [{return_trace}]}], [local], fun() -> traced([call], fun() -> apply(erlang, '++', [[1], [2]]) end) end).
%% What never returns is called without a frame.
frameless_(error, X) -> error(X);
frameless_(throw, X) -> throw(X);
frameless_(exit, X) -> exit(X).
frameless2_(X) -> error(X, [X]).
frameless_caught_(F, X) -> try [frameless_(F, X)] catch C:R:S -> {C, R, [M || {M, _, _, _} <- S, M =:= ?MODULE] =/= []} end.
call_never_returns() ->
    [pattern({erlang, F, '_'}, S, O, fun() ->
        {[frameless_caught_(G, 1) || G <- [error, throw, exit]], element(1, err(fun() -> frameless2_(a) end)),
         traced([call], fun() -> [frameless_caught_(G, N) || G <- [error, throw, exit], N <- [1, 2]] end)} end)
     || F <- [error, throw, exit], S <- [true, [{'_', [], [{return_trace}]}], [{'_', [], [{exception_trace}]}]], O <- [[], [local]]].
call_lists_member() -> calls({lists, member, 2}, [{'_', [], [{return_trace}]}], [call], fun() -> member(5000, lists:seq(1, 5000)), ok end).
member(X, L) -> lists:member(X, L).
call_not_traced() -> calls(t(h), true, [procs], fun() -> h(1) end).
call_sensitive() -> calls(t(h), true, fun() -> process_flag(sensitive, true), h(1) end).
call_off_again() ->
    [erlang:trace_pattern(t(h), true, [local]), erlang:trace_pattern(t(h), false, [local]), traced([call], fun() -> h(1) end)].
call_local_then_global() ->
    [erlang:trace_pattern(t(h), true, [local]), erlang:trace_info({?MODULE, h, 1}, traced),
     erlang:trace_pattern(t(h), true, []), erlang:trace_info({?MODULE, h, 1}, traced),
     traced([call], fun() -> h(1), ?MODULE:h(2) end), erlang:trace_pattern(t(h), true, [local]),
     traced([call], fun() -> h(1), ?MODULE:h(2) end), erlang:trace_pattern(t(h), false, [local])].

%% --- returns

return_trace() -> calls({?MODULE, '_', '_'}, [], [call], fun() -> ok end) =/= x.
return_values() -> calls(t(g), [{'_', [], [{return_trace}]}], fun() -> f(1), f({a}) end).
return_of_three() -> [calls(t(F), [{'_', [], [{return_trace}]}], fun() -> f(1) end) || F <- [f, g, h]].
return_tail() -> calls(t(loop), [{'_', [], [{return_trace}]}], fun() -> loop(2) end).
return_body() -> calls(t(body), [{[2], [], [{return_trace}]}, {[0], [], [{return_trace}]}], fun() -> body(3) end).
return_to() -> calls(t(h), true, [call, return_to], fun() -> f(1), [tail(2)] end).
return_to_tail() -> calls(t(loop), true, [call, return_to], fun() -> [loop(3)] end).
return_to_body() -> calls(t(body), true, [call, return_to], fun() -> [body(2)] end).
return_both() -> calls(t(g), [{'_', [], [{return_trace}]}], [call, return_to], fun() -> [f(1)] end).
return_global() ->
    pattern(t(g), [{'_', [], [{return_trace}]}], [], fun() -> traced([call, return_to], fun() -> [?MODULE:g(1)] end) end).
exception() -> calls(t(boom), [{'_', [], [{exception_trace}]}], fun() -> caught(1) end).
exception_two() -> [calls(t(F), [{'_', [], [{exception_trace}]}], fun() -> caught(1), catch throw(x), caught(2) end) || F <- [boom2, caught]].
exception_return_to() -> calls(t(boom), [{'_', [], [{exception_trace}]}], [call, return_to], fun() -> [caught(1)] end).
exception_return_trace() -> calls(t(boom), [{'_', [], [{return_trace}]}], [call, return_to], fun() -> [caught(1)] end).
exception_uncaught() -> calls(t(boom), [{'_', [], [{exception_trace}]}], [call, return_to], fun() -> catch boom2(1), exit(normal) end).
%% A throw that nobody catches is an error, for who traces as well; a catch further out makes it none.
exception_nocatch() ->
    X = [{'_', [], [{exception_trace}]}],
    [calls(t(F), X, Flags, fun() -> thrown2(1), exit(normal) end) || F <- [thrown, thrown2], Flags <- [[call], [call, return_to]]]
        ++ [calls(t(thrown), X, fun() -> catch thrown2(1) end),
            calls(t(thrown), X, fun() -> catch again_(throw, fun() -> thrown2(1) end), thrown2(2), exit(normal) end),
            calls(t('_'), X, fun() -> again_(throw, fun() -> thrown2(1) end), exit(normal) end),
            calls(t(again_), X, fun() -> again_(throw, fun() -> error(e) end), exit(normal) end),
            calls(t(again_), X, fun() -> again_(exit, fun() -> throw(e) end), exit(normal) end),
            pattern({erlang, throw, 1}, X, [], fun() -> traced([call], fun() -> [apply(id(erlang), throw, [x])], exit(normal) end) end)].
exception_nocatch_died() ->
    pattern(t(thrown), [{'_', [], [{exception_trace}]}], [local], fun() ->
        {P, M} = spawn_monitor(fun() -> receive go -> ok end, [thrown2(1)], exit(normal) end),
        1 = erlang:trace(P, true, [call]),
        P ! go,
        receive {'DOWN', M, process, P, {R, S}} -> {R, [{A, B, C} || {A, B, C, _} <- S, A =:= ?MODULE, B =/= '-exception_nocatch_died/0-fun-0-', B =/= '-exception_nocatch_died/0-fun-1-']} end
    end).
exception_value_kept() ->
    calls(t(boom), [{'_', [], [{exception_trace}]}], [call], fun() ->
        try boom2({a, [b]}) catch C:R:S -> h({C, R, [{M, F, A} || {M, F, A, _} <- S]}), self() ! {C, R} end end).
exception_stack() ->
    pattern(t(boom), [{'_', [], [{exception_trace}]}], [local], fun() ->
        S = self(),
        traced([call], fun() -> S ! {stack, try boom2(1) catch _:_:T -> [{M, F, A} || {M, F, A, _} <- T, M =:= ?MODULE, F =/= '-exception_stack/0-fun-0-'] end} end),
        receive {stack, T} -> lists:sublist(T, 2) end end).

%% --- match specifications

spec(Spec) -> calls(t(h), Spec, fun() -> [h(X) || X <- [1, 2, a, [x], {t, 1}]] end).
spec_head() -> spec([{[1], [], []}, {[{t, '_'}], [], []}]).
spec_guard() -> spec([{['$1'], [{is_atom, '$1'}], []}, {['$1'], [{'>', '$1', 1}, {is_integer, '$1'}], []}]).
spec_message() -> spec([{[1], [], [{message, foo}]}, {[2], [], [{message, false}]}, {[a], [], [{message, true}]},
                        {['$1'], [], [{message, {{'$1', '$_', '$$'}}}]}]).
spec_message_twice() -> spec([{['_'], [], [{message, a}, {message, b}]}]).
spec_variable_head() -> spec([{'$1', [], [{message, '$1'}]}]).
spec_fails() -> spec([{['$1'], [{'+', '$1', 1}], []}, {['$1'], [], [{hd, '$1'}, {message, {hd, '$1'}}]}]).
spec_caller() -> calls(t(h), [{'_', [], [{message, {caller}}]}], fun() -> f(1), tail(2), [h(3)] end).
spec_caller_undefined() -> [1] = lists:seq(id(1), 1), calls({lists, seq, 2}, [{'_', [], [{message, {caller}}]}], [call], fun() -> ok end).
spec_self() -> calls(t(h), [{'_', [], [{message, {self}}]}], fun() -> h(1) end).
spec_stacktrace() ->
    calls(t(h), [{'_', [], [{message, {current_stacktrace, 2}}]}], fun() -> f(1) end) =/= x.
spec_silent() ->
    {_, L} = calls(t(h), [{[2], [], [{silent, false}]}, {[3], [], [{silent, true}]}, {'_', [], [{return_trace}]}], [call, silent],
                   fun() -> [h(X) || X <- [1, 2, 9, 3, 4]] end), L.
spec_trace() ->
    calls(t(h), [{[1], [], [{trace, [], [send]}]}, {[2], [], [{trace, [send], [procs]}]}, {'_', [], [{enable_trace, send}]}],
          fun() -> S = id(self()), h(1), S ! a, h(2), S ! b, h(3), S ! c, register(trace_cases_name, self()) end).
spec_disable() ->
    calls(t(h), [{[1], [], [{disable_trace, send}]}, {[2], [], [{enable_trace, send}]}, {[3], [], [{disable_trace, call}]}], [call, send],
          fun() -> S = id(self()), h(1), S ! a, h(2), S ! b, h(3), S ! c, h(4) end).
spec_control_word() ->
    calls(t(h), [{[1], [], [{set_tcw, 5}]}, {[2], [{'==', {get_tcw}, 5}], [{message, {get_tcw}}]}, {[3], [], [{message, {set_tcw, 0}}]}],
          fun() -> h(1), h(2), h(3), h(2) end).
spec_test() ->
    [begin R = (catch erlang:match_spec_test(L, S, trace)), case R of {'EXIT', {W, _}} -> {exit, W}; _ -> R end end || {L, S} <- [
        {[1, 2], [{['$1', '$2'], [], [{message, {{'$1'}}}, {return_trace}]}]}, {[1], [{['$1'], [], []}]}, {[1], [{['$1', '$2'], [], []}]},
        {[1], [{'_', [], [{exception_trace}, {caller}, {silent, true}, {message, {hd, '$_'}}]}]}, {foo, [{'_', [], []}]},
        {[1], [{['$1'], [], [{message, false}]}]}, {[1], [{['$1'], [{is_seq_trace}], [{message, {self}}]}]},
        {[1], [{['$1'], [], [{message, {caller}}]}]}, {[1], [{['$1'], [], [{message, {caller_line}}]}]},
        {[1], [{['$1'], [], ['$1', {message, {hd, '$1'}}]}]}, {[1], [{['$1'], [], [{message, {get_seq_token}}]}]},
        {[1], [{'$1', [], [{message, '$1'}]}]}, {[1], [{['$1'], [], [{exception_trace}]}]}, {[1], [{['$1'], [], [{message, {silent, 1}}]}]},
        {[1], [{['$1'], [], [{message, {return_trace}}]}]}, {[1], [{['$1'], [], [{message, {message, x}}]}]},
        {[1], [{['$1'], [], [{message, {get_tcw}}]}]}, {[1], [{['$1'], [], [{message, {set_tcw, a}}]}]}, {[1], [{foo, [], []}]}]].
spec_test_guards() ->
    [case erlang:match_spec_test([1], [{['$1'], [G], []}], trace) of {error, L} -> L; X -> {G, X} end || G <- [
        {message, 1}, {return_trace}, {exception_trace}, {silent, true}, {trace, [], []}, {trace, 1, [], []}, {enable_trace, send},
        {disable_trace, 1, send}, {set_seq_token, label, 1}, {display, a}, {set_tcw, 1}, {process_dump}, {caller}, {caller_line},
        {current_stacktrace}, {get_tcw}, {get_seq_token}, {is_seq_trace}, {foo}, foo]].
spec_test_bodies() ->
    [case erlang:match_spec_test([1], [{['$1'], [], [G]}], trace) of {error, L} -> L; X -> {G, X} end || G <- [
        {message}, {message, 1, 2}, {return_trace, 1}, {exception_trace, 1}, {silent}, {trace, []}, {trace, 1, 2, 3, 4}, {enable_trace},
        {disable_trace, 1, 2, 3}, {set_seq_token, label}, {display}, {set_tcw}, {process_dump, a}, {caller, 1}, {get_tcw, 1},
        {current_stacktrace, -1}, {current_stacktrace, a}, {current_stacktrace, 3, 4}, {is_seq_trace, 1}, {get_seq_token, 1}, {caller_line, 1},
        {foo}, {}]].
spec_test_tables() ->
    [erlang:match_spec_test({1}, [{{'$1'}, [], [G]}], table) || G <- [
        {message, 1}, {return_trace}, {exception_trace}, {silent, true}, {trace, [], []}, {enable_trace, 1}, {disable_trace, 1},
        {set_seq_token, label, 1}, {display, a}, {set_tcw, 1}, {process_dump}, {caller}, {get_tcw}, {current_stacktrace}, {is_seq_trace},
        {get_seq_token}, {caller_line}]].

%% --- processes

send() ->
    Self = self(),
    D = dead_(),
    traced([send], fun() -> Self ! {x, 1}, D ! b, register(trace_cases_me, self()), trace_cases_me ! c, {trace_cases_me, node()} ! d,
                            erlang:send(self(), e, []), erlang:send(self(), e2), catch trace_cases_nobody ! f end).
dead_() -> {P, M} = spawn_monitor(fun() -> ok end), receive {'DOWN', M, _, _, _} -> P end.
send_alias() -> traced([send, 'receive'], fun() -> A = alias(), A ! f, receive f -> ok end end).
'receive'() ->
    traced(['receive'], fun() ->
        process_flag(trap_exit, true), self() ! a, {P, M} = spawn_monitor(fun() -> ok end),
        receive {'DOWN', M, process, P, _} -> ok end, exit(self(), hello), receive {'EXIT', _, _} -> ok end,
        erlang:send_after(0, self(), timer), receive timer -> ok end, receive a -> ok end end).
receive_timeout() -> traced(['receive'], fun() -> receive nothing -> ok after 1 -> ok end, receive nothing -> ok after 0 -> ok end end).
receive_pattern() ->
    pattern('receive', [{['$1', '$2', {a, '$3'}], [], [{message, {{'$1', '$2', '$3'}}}]}, {[clock_service, '$1', '_'], [], [{message, '$1'}]}], [], fun() ->
        traced(['receive'], fun(P) -> P ! {a, 1}, P ! b, ok end, fun() -> receive {a, 1} -> ok end, erlang:send_after(0, self(), t), receive t -> ok end end) end).
receive_off() -> pattern('receive', false, [], fun() -> traced(['receive'], fun() -> self() ! a end) end).
send_pattern() ->
    S = self(),
    V = [erlang:trace_pattern(send, [{['_', {a, '_'}], [], []}, {['$1', '$2'], [{is_pid, '$1'}, {is_atom, '$2'}], [{message, '$2'}]}], []),
         erlang:trace_info(send, match_spec),
         traced([send], fun() -> S ! {a, 1}, S ! {b, 2}, S ! c end),
         erlang:trace_pattern(send, true, []), erlang:trace_info(send, match_spec), erlang:trace_info('receive', match_spec)],
    receive {a, 1} -> ok end, receive {b, 2} -> ok end, receive c -> ok end, V.
procs() ->
    S = self(),
    traced([procs], fun() -> register(trace_cases_tt, self()), unregister(trace_cases_tt), link(S), unlink(S), unlink(S), exit(bye) end).
procs_exit_named() -> traced([procs], fun() -> register(trace_cases_tt, self()) end).
procs_error() -> traced([procs], fun() -> exit({shutdown, [x]}) end).
procs_killed() -> traced([procs], fun(P) -> exit(P, kill), ok end, fun() -> ok end).
procs_signal() -> traced([procs, 'receive'], fun(P) -> exit(P, foo), ok end, fun() -> ok end).
procs_spawn() -> traced([procs], fun() -> {P, M} = spawn_monitor(fun() -> ok end), receive {'DOWN', M, process, P, _} -> ok end end).
procs_spawn_mfa() -> traced([procs], fun() -> {P, M} = spawn_monitor(?MODULE, many, lists:seq(1, 8)), receive {'DOWN', M, process, P, _} -> ok end end).
procs_spawn_link() ->
    traced([procs, 'receive'], fun() -> process_flag(trap_exit, true), P = spawn_link(fun() -> ok end), receive {'EXIT', P, _} -> ok end end).
procs_linked() ->
    S = self(),
    process_flag(trap_exit, true),
    V = traced([procs], fun(P) -> link(P), unlink(P), link(P), ok end, fun() -> h(S) end),
    receive {'EXIT', _, normal} -> ok end, process_flag(trap_exit, false), V.
children(Flags) ->
    traced(Flags, fun() -> [begin {P, M} = spawn_monitor(fun() -> ok end), receive {'DOWN', M, process, P, _} -> ok end end || _ <- [1, 2]] end).
by_pid(L) -> [[E || E <- L, element(2, E) =:= P] || P <- lists:usort([element(2, E) || E <- L])].
set_on_spawn() -> by_pid(children([procs, set_on_spawn])).
set_on_first_spawn() -> by_pid(children([procs, set_on_first_spawn])).
set_on_link() -> by_pid(linked_children([procs, set_on_link])).
set_on_first_link() -> by_pid(linked_children([procs, set_on_first_link])).
linked_children(Flags) ->
    traced(Flags, fun() -> process_flag(trap_exit, true),
        [begin P = spawn(fun() -> receive x -> ok end end), link(P), P ! x, receive {'EXIT', P, _} -> ok end end || _ <- [1, 2]] end).
set_on_link_spawned() -> by_pid(spawned_linked([procs, set_on_link])).
set_on_first_link_spawned() -> by_pid(spawned_linked([procs, set_on_first_link])).
set_on_either_spawned() -> by_pid(spawned_linked([procs, set_on_link, set_on_first_spawn])).
spawned_linked(Flags) ->
    traced(Flags, fun() -> process_flag(trap_exit, true),
        [begin P = spawn_link(fun() -> receive x -> ok end end), P ! x, receive {'EXIT', P, _} -> ok end end || _ <- [1, 2]] end).
%% A specification begins to trace a process that is not traced, for the session's tracer.
meta_begins() ->
    C = spawn_link(fun() -> listen([]) end), S = trace:session_create(meta_begins, C, []), Self = self(),
    trace:function(S, {?MODULE, h, 1}, [{[1], [], [{trace, [], [send]}]}, {[2], [], [{trace, [send], []}]}], [meta]),
    P2 = spawn(fun() -> h(1), Self ! one, h(2), Self ! two end),
    receive two -> ok end, R = erlang:trace_delivered(P2), receive {trace_delivered, P2, R} -> ok end,
    V = told(P2, C), trace:session_destroy(S), flush_(), named([{P2, p}, {C, c}, {Self, s}], [setelement(size(T), T, last) || T <- V]).
%% Tracers with a module: the one that every release has, one that is no native library.
tracer_module() ->
    [1] = lists:seq(id(1), 1), % a module that is there, and no tracer
    C = spawn_link(fun() -> listen([]) end), S = self(), P = spawn(fun() -> receive go -> h(1), S ! done end end), N = fun(T) -> named([{P, p}, {C, c}, {S, s}], T) end,
    V = [err(fun() -> erlang:trace(P, true, [call, {tracer, ?MODULE, C}]) end), err(fun() -> erlang:trace(P, true, [call, {tracer, lists, C}]) end),
        err(fun() -> erlang:trace(P, true, [call, {tracer, 1, C}]) end), err(fun() -> erlang:trace(P, true, [call, {tracer, foo}]) end),
        erlang:trace(P, true, [call, procs, {tracer, erl_tracer, foo}]), erlang:trace_info(P, tracer), erlang:trace_info(P, flags),
        erlang:trace(P, true, [procs, send, {tracer, erl_tracer, C}]), N(erlang:trace_info(P, tracer)), erlang:trace_info(P, flags)],
    P ! go, receive done -> ok end, R = erlang:trace_delivered(P), receive {trace_delivered, P, R} -> ok end, {V, N(told(P, C))}.
tracer_module_elsewhere() ->
    C = spawn_link(fun() -> listen([]) end), S = self(), N = fun(T) -> named([{C, c}, {S, s}], T) end,
    A = trace:session_create(tracer_module, {erl_tracer, C}, []), trace:session_destroy(A),
    V = N([err(fun() -> trace:session_create(x, {?MODULE, C}, []) end), err(fun() -> erlang:trace_pattern({?MODULE, h, 1}, true, [{meta, ?MODULE, C}]) end),
        erlang:trace_pattern({?MODULE, h, 1}, true, [{meta, erl_tracer, C}]), erlang:trace_info({?MODULE, h, 1}, meta), h(1), erlang:trace_pattern({?MODULE, h, 1}, false, [meta]),
        err(fun() -> seq_trace:set_system_tracer({?MODULE, C}) end), seq_trace:set_system_tracer({erl_tracer, C}), seq_trace:get_system_tracer(), seq_trace:set_system_tracer(false)]),
    {V, N([setelement(size(T), T, last) || T <- told(S, C)])}.
flush_() -> receive one -> flush_(); two -> flush_() after 0 -> ok end.
new_processes() ->
    C = spawn(fun() -> listen([]) end),
    0 = erlang:trace(new, true, [procs, {tracer, C}]),
    I = [erlang:trace_info(new, flags), erlang:trace_info(new, tracer) =:= {tracer, C}],
    P = dead_(),
    0 = erlang:trace(new, false, [procs]),
    L = told(P, C),
    {I, named([{P, p}, {self(), s}], [E || E <- L, element(2, E) =:= P]), erlang:trace_info(new, flags), erlang:trace_info(new, tracer)}.
existing() -> N = erlang:trace(existing, true, [procs]), M = erlang:trace(existing, false, [procs]), [N > 0, N =:= M, erlang:trace_info(self(), flags)].
exiting() -> traced([exiting], fun() -> ok end).
running() ->
    L = traced([running], fun() -> erlang:yield(), receive nothing -> ok after 1 -> ok end end),
    lists:usort([{element(1, E), element(2, E), element(3, E)} || E <- L]).
running_alternates() ->
    L = [element(3, E) || E <- traced([running], fun() -> [begin erlang:yield(), receive after 1 -> ok end end || _ <- [1, 2, 3]] end)],
    alternates(L).
alternates([in, out | L]) -> alternates(L);
alternates(L) -> L =:= [] orelse L =:= [in].
collections() ->
    L = traced([garbage_collection], fun() -> garbage_collect(), garbage_collect() end),
    [{element(1, E), element(2, E), element(3, E), [K || {K, V} <- element(4, E), is_integer(V)]} || E <- L, element(3, E) =:= gc_major_start orelse element(3, E) =:= gc_major_end].
max_heap() ->
    L = traced([garbage_collection], fun() -> process_flag(max_heap_size, #{size => 2000, kill => true, error_logger => false}), grow([], 100000) end),
    [element(3, E) || E <- L, element(3, E) =:= gc_max_heap_size].
grow(L, 0) -> L;
grow(L, N) -> grow([N | L], N - 1).
timestamps() ->
    [begin {1, [E]} = pattern(t(h), true, [local], fun() -> [shape(X) || X <- traced([call | K], fun() -> h(1) end)] end), E end
     || K <- [[timestamp], [monotonic_timestamp], [strict_monotonic_timestamp], [monotonic_timestamp, strict_monotonic_timestamp],
              [timestamp, monotonic_timestamp, strict_monotonic_timestamp]]].
shape(E) ->
    Ts = element(tuple_size(E), E),
    setelement(tuple_size(E), E, case Ts of
        {M, S, U} when is_integer(M), S < 1000000, U < 1000000 -> now;
        {T, U} when is_integer(T), is_integer(U) -> strict;
        T when is_integer(T) -> monotonic
    end).
timestamps_grow() ->
    {1, L} = pattern(t(h), true, [local], fun() -> traced([call, strict_monotonic_timestamp], fun() -> [h(X) || X <- [1, 2, 3, 4]] end) end),
    Ts = [element(5, E) || E <- L], {length(Ts), Ts =:= lists:usort(Ts)}.

%% --- what is told of traces

waiting(F) -> P = spawn(fun() -> receive stop -> ok end end), try F(P) after P ! stop end.
info_flags() ->
    waiting(fun(P) -> [begin 1 = erlang:trace(P, true, [F]), I = erlang:trace_info(P, flags), 1 = erlang:trace(P, false, [F]), I end || F <- [
        all, send, 'receive', procs, call, return_to, arity, silent, running, exiting, garbage_collection, timestamp, monotonic_timestamp,
        strict_monotonic_timestamp, set_on_spawn, set_on_first_spawn, set_on_link, set_on_first_link, ports, running_ports, running_procs]] end).
info_tracer() ->
    S = self(),
    waiting(fun(P) -> [erlang:trace_info(P, tracer), erlang:trace(P, true, [call]), erlang:trace_info(P, tracer) =:= {tracer, S},
                       erlang:trace(P, false, [call]), erlang:trace_info(P, tracer)] end).
info_tracer_dead_() ->
    waiting(fun(P) ->
        {T, M} = spawn_monitor(fun() -> receive stop -> ok end end),
        1 = erlang:trace(P, true, [procs, {tracer, T}]), T ! stop, receive {'DOWN', M, _, _, _} -> ok end,
        [erlang:trace_info(P, tracer), erlang:trace_info(P, flags)] end).
two_tracers() ->
    waiting(fun(P) -> waiting(fun(T) -> 1 = erlang:trace(P, true, [send]),
        [err(fun() -> erlang:trace(P, true, [procs, {tracer, T}]) end), erlang:trace_info(P, flags)] end) end).
info_function() ->
    pattern({?MODULE, h, 1}, [{['$1'], [], [{message, '$1'}]}], [local], fun() -> [erlang:trace_info({?MODULE, h, 1}, K) || K <- [
        traced, match_spec, meta_match_spec, call_count, call_time, call_memory, all]] end).
info_function_none() -> [erlang:trace_info(F, K) || F <- [{?MODULE, h, 1}, {?MODULE, nosuch, 1}, {nosuch, f, 0}, on_load, {erlang, atom_to_list, 1}], K <- [traced, all, match_spec]].
info_global() -> pattern({?MODULE, h, 1}, true, [global], fun() -> erlang:trace_info({?MODULE, h, 1}, all) end).
info_bif() -> pattern({erlang, atom_to_list, 1}, true, [], fun() -> erlang:trace_info({erlang, atom_to_list, 1}, all) end).
info_wrong() -> [err(fun() -> erlang:trace_info(W, K) end) || {W, K} <- [{foo, flags}, {self(), foo}, {{a, b}, all}, {send, foo}, {"x", flags}, {new, foo}]].
info_dead_() -> erlang:trace_info(dead_(), flags).
trace_wrong() ->
    [err(fun() -> erlang:trace(W, H, L) end) || {W, H, L} <- [{dead_(), true, [call]}, {self(), true, [foo]}, {self(), 'maybe', [call]}, {foo, true, [call]},
        {self(), true, call}, {self(), true, [call | x]}, {self(), true, [{tracer, foo}]}, {self(), true, [cpu_timestamp]}, {"x", true, []}]].
pattern_wrong() ->
    [err(fun() -> erlang:trace_pattern(M, S, F) end) || {M, S, F} <- [{{?MODULE, '_', 1}, true, [local]}, {{'_', f, 1}, true, []}, {{?MODULE, h, foo}, true, []},
        {foo, true, []}, {{?MODULE, h}, true, []}, {t(h), true, [local, global]}, {t(h), true, foo}, {t(h), true, [foo]}, {t(h), foo, []},
        {t(h), [{foo, [], []}], []}, {t(h), [{'_', [], [{foo}]}], []}, {t(h), [{['$1'], [], []}], [call_count]}, {send, pause, []}, {send, true, [local]}]].
pattern_counts() ->
    [begin N = erlang:trace_pattern(M, true, F), N2 = erlang:trace_pattern(M, false, F), {N, N2} end || {M, F} <- [
        {{?MODULE, h, 1}, [local]}, {{?MODULE, h, 1}, []}, {{?MODULE, h, 7}, []}, {{?MODULE, h, '_'}, [local]}, {{nosuch, '_', '_'}, [local]},
        {{?MODULE, nosuch, '_'}, []}, {{erlang, atom_to_list, 1}, []}, {{?MODULE, h, 1}, [meta]}, {{?MODULE, h, 1}, [call_count, call_time]}]].
meta() ->
    C = spawn(fun() -> listen([]) end),
    N = erlang:trace_pattern({?MODULE, h, 1}, [{[1], [], [{return_trace}]}, {['$1'], [], [{message, '$1'}]}], [{meta, C}]),
    I = [erlang:trace_info({?MODULE, h, 1}, K) || K <- [traced, meta_match_spec, call_count]],
    T = erlang:trace_info({?MODULE, h, 1}, meta) =:= {meta, C},
    {P, M} = spawn_monitor(fun() -> f(1), h(2) end), receive {'DOWN', M, _, _, _} -> ok end,
    1 = erlang:trace_pattern({?MODULE, h, 1}, false, [meta]),
    {N, I, T, [shape(E) || E <- named([{P, p}], told(P, C))], erlang:trace_info({?MODULE, h, 1}, meta)}.
count() ->
    K = {?MODULE, loop, 1}, C = fun() -> erlang:trace_info(K, call_count) end,
    [erlang:trace_pattern(K, true, [call_count]), loop(10), C(), loop(5), C(), erlang:trace_pattern(K, pause, [call_count]), loop(3), C(),
     erlang:trace_pattern(K, restart, [call_count]), C(), loop(2), C(), erlang:trace_pattern(K, false, [call_count]), C()].
time() ->
    pattern({?MODULE, body, 1}, true, [call_time, call_memory], fun() ->
        [] = traced([call], fun() -> body(9) end),
        [case erlang:trace_info({?MODULE, body, 1}, K) of {K, [{P, N, S, U}]} -> {K, is_pid(P), N, S < 60, is_integer(U)}; {K, [{P, N, W}]} -> {K, is_pid(P), N, W >= 0} end
         || K <- [call_time, call_memory]] end).
on_load() ->
    I = erlang:trace_info(on_load, all), 0 = erlang:trace_pattern(on_load, [{'_', [], [{return_trace}]}], [local]),
    J = [erlang:trace_info(on_load, K) || K <- [all, traced, match_spec, call_count]],
    0 = erlang:trace_pattern(on_load, false, [local]), {I, J, erlang:trace_info(on_load, all)}.
delivered() -> R = erlang:trace_delivered(self()), receive {trace_delivered, P, R} -> P =:= self() end.
delivered_all() -> R = erlang:trace_delivered(all), receive {trace_delivered, P, R} -> P end.
delivered_dead_() -> D = dead_(), R = erlang:trace_delivered(D), receive {trace_delivered, D, R} -> ok end.
delivered_wrong() -> err(fun() -> erlang:trace_delivered(foo) end).

%% --- code that changes while it is traced

compiled(V) ->
    {ok, M, B} = compile:forms([{attribute, 1, module, trace_cases_made}, {attribute, 2, export, [{f, 0}]},
        {function, 3, f, 0, [{clause, 3, [], [], [{call, 3, {atom, 3, g}, []}]}]}, {function, 4, g, 0, [{clause, 4, [], [], [{integer, 4, V}]}]}]),
    {M, B}.
load(V) -> {M, B} = compiled(V), erlang:purge_module(M), {module, M} = erlang:load_module(M, B), M.
reload() ->
    M = load(1),
    A = erlang:trace_pattern({M, g, 0}, true, [local]),
    L1 = traced([call], fun() -> M:f() end),
    M = load(2),
    L2 = traced([call], fun() -> M:f() end),
    {A, L1, erlang:trace_info({M, g, 0}, traced), L2}.
reload_global() ->
    M = load(3),
    A = erlang:trace_pattern({M, f, 0}, true, [global]),
    L1 = traced([call], fun() -> M:f() end),
    M = load(4),
    {A, L1, erlang:trace_info({M, f, 0}, traced), traced([call], fun() -> M:f() end), M:f()}.
reload_on_load() ->
    M = load(5),
    0 = erlang:trace_pattern(on_load, true, [local]),
    M = load(6),
    0 = erlang:trace_pattern(on_load, false, [local]),
    V = {erlang:trace_info({M, g, 0}, traced), traced([call], fun() -> M:f() end)},
    erlang:trace_pattern({M, '_', '_'}, false, [local]), V.
deleted() ->
    M = load(7),
    1 = erlang:trace_pattern({M, f, 0}, true, [global]),
    true = erlang:delete_module(M),
    [erlang:trace_info({M, f, 0}, traced), err(fun() -> apply(M, f, [], x) end)].
apply(M, F, A, _) -> try erlang:apply(M, F, A) catch error:undef -> undef end.

%% --- sessions

session(F) -> C = spawn(fun() -> listen([]) end), S = trace:session_create(hej, C, []), try F(S, C) after trace:session_destroy(S) end.
session_process(S) -> fun(P, _) -> 1 = trace:process(S, P, true, [call, send]) end.
session_calls() ->
    Self = self(),
    V = session(fun(S, C) ->
        1 = trace:function(S, {?MODULE, h, 1}, [{'_', [], [{return_trace}]}], [local]),
        {P, M} = spawn_monitor(fun() -> receive go -> ok end, h(1), Self ! a end),
        1 = trace:process(S, P, true, [call, send]),
        I = [trace:info(S, P, flags), trace:info(S, P, tracer) =:= {tracer, C}, trace:info(S, {?MODULE, h, 1}, traced), erlang:trace_info(P, flags),
             erlang:trace_info({?MODULE, h, 1}, traced), [N || {N, _} <- trace:session_info(P)], [N || {N, _} <- trace:session_info({?MODULE, h, 1})],
             [N || {N, _} <- trace:session_info(all)]],
        P ! go, receive {'DOWN', M, _, _, _} -> ok end,
        {I, named([{P, p}, {Self, s}], told(P, C))} end),
    receive a -> ok end, V.
session_two() ->
    session(fun(S1, C1) -> session(fun(S2, C2) ->
        1 = trace:function(S1, {?MODULE, h, 1}, true, [local]), 1 = trace:function(S2, {?MODULE, h, 1}, true, []), 1 = trace:function(S2, {?MODULE, g, 1}, true, [local]),
        {P, M} = spawn_monitor(fun() -> receive go -> ok end, h(1), ?MODULE:h(2), f(3) end),
        1 = trace:process(S1, P, true, [call, return_to]), 1 = trace:process(S2, P, true, [call]),
        P ! go, receive {'DOWN', M, _, _, _} -> ok end,
        named([{P, p}], {told(P, C1), told(P, C2)}) end) end).
session_ends() ->
    C = spawn(fun() -> listen([]) end), S = trace:session_create(x, C, []),
    1 = trace:function(S, {?MODULE, h, 1}, true, [local]), 1 = trace:process(S, self(), true, [call]),
    h(1), D = [trace:session_destroy(S), trace:session_destroy(S)], h(2),
    {D, named([{self(), s}], told(self(), C)), trace:session_info({?MODULE, h, 1}), trace:session_info(self()), err(fun() -> trace:info(S, self(), flags) end)}.
session_weak() ->
    session(fun(S, _) -> {_, W} = S, 1 = trace:process(W, self(), true, [call]), [trace:info(W, self(), flags), trace:info(S, self(), flags), element(1, W), tuple_size(W)] end).
session_collected() ->
    C = spawn(fun() -> listen([]) end),
    {P, M} = spawn_monitor(fun() -> S = trace:session_create(gone, C, []), 1 = trace:function(S, {?MODULE, h, 1}, true, [local]), h(S) end),
    receive {'DOWN', M, _, P, _} -> ok end, until_gone().
until_gone() -> case [N || {gone = N, _} <- trace:session_info(all)] of [] -> gone; _ -> erlang:yield(), until_gone() end.
session_messages() ->
    Self = self(),
    V = session(fun(S, C) ->
        1 = trace:send(S, [{['_', {a, '_'}], [], []}], []), 1 = trace:recv(S, [{['_', '_', go], [], [{message, here}]}], []),
        {P, M} = spawn_monitor(fun() -> receive go -> ok end, Self ! {a, 1}, Self ! b end),
        1 = trace:process(S, P, true, ['receive', send]),
        P ! go, receive {'DOWN', M, _, _, _} -> ok end, named([{P, p}, {Self, s}], told(P, C)) end),
    receive {a, 1} -> ok end, receive b -> ok end, V.
session_wrong() ->
    session(fun(S, C) -> [err(F) || F <- [
        fun() -> trace:session_create(1, C, []) end, fun() -> trace:session_create(a, b, []) end, fun() -> trace:session_create(a, C, [x]) end,
        fun() -> trace:session_destroy(foo) end, fun() -> trace:process(foo, C, true, []) end, fun() -> trace:process(S, C, true, [{tracer, C}]) end,
        fun() -> trace:process(S, foo, true, []) end, fun() -> trace:function(S, {a, b}, true, []) end, fun() -> trace:send(S, foo, []) end,
        fun() -> trace:function(S, {?MODULE, h, 1}, true, [{meta, C}]) end, fun() -> trace:info(S, foo, flags) end]] end).
session_count() ->
    session(fun(S, _) -> 1 = trace:function(S, {?MODULE, loop, 1}, true, [call_count]), loop(4),
        [trace:info(S, {?MODULE, loop, 1}, call_count), erlang:trace_info({?MODULE, loop, 1}, call_count)] end).

%% --- what is long

monitor_setting() ->
    S = self(),
    N = fun(T) -> named([{S, s}], T) end,
    [N(erlang:system_monitor(undefined)), N(erlang:system_monitor()), N(erlang:system_monitor(S, [{long_gc, 10000}, {long_schedule, 50000}, {large_heap, 1000}, busy_port, busy_dist_port])),
     N(erlang:system_monitor()), N(erlang:system_monitor({S, [{large_heap, 100000000}]})), N(erlang:system_monitor()), N(erlang:system_monitor(S, [])), erlang:system_monitor()].
monitor_wrong() ->
    S = self(),
    V = [err(fun() -> erlang:system_monitor(P, L) end) || {P, L} <- [{S, [foo]}, {S, foo}, {S, [{long_gc, -1}]}, {S, [{large_heap, a}]}, {S, [long_gc]}, {foo, [busy_port]},
        {dead_(), [busy_port]}, {S, [{long_message_queue, 5}]}, {S, [{long_message_queue, {10, 5}}]}, {S, [{long_message_queue, {-1, 5}}]}, {S, [busy_port | x]}]],
    erlang:system_monitor(undefined), V.
monitor_queue() ->
    erlang:system_monitor(self(), [{long_message_queue, {2, 6}}]),
    S = self(),
    {P, M} = spawn_monitor(fun() -> [self() ! {x, I} || I <- lists:seq(1, 8)], self() ! last, receive last -> ok end, S ! {self(), full},
        receive go -> ok end, drain(7) end),
    receive {P, full} -> ok end,
    receive {monitor, P, long_message_queue, A} -> ok end, P ! go,
    receive {monitor, P, long_message_queue, B} -> ok end, receive {'DOWN', M, _, _, _} -> ok end,
    erlang:system_monitor(undefined),
    [A, B].
drain(0) -> ok;
drain(N) -> receive {x, _} -> drain(N - 1) end.
monitor_heap() ->
    erlang:system_monitor(self(), [{large_heap, 20000}]),
    {P, M} = spawn_monitor(fun() -> id(lists:seq(1, 100000)) end), receive {'DOWN', M, _, _, _} -> ok end,
    receive {monitor, P, large_heap, I} -> ok end,
    erlang:system_monitor(undefined),
    [K || {K, V} <- I, is_integer(V)].
profile_setting() ->
    S = self(), N = fun(T) -> named([{S, s}], T) end,
    [erlang:system_profile(), erlang:system_profile(S, [runnable_procs, exclusive]), N(erlang:system_profile()), N(erlang:system_profile(undefined, [])), erlang:system_profile()
     | [err(fun() -> erlang:system_profile(P, L) end) || {P, L} <- [{S, [foo]}, {S, foo}, {foo, [exclusive]}]]].

profile_setting_ports() ->
    S = self(), N = fun(T) -> named([{S, s}], T) end,
    [begin erlang:system_profile(S, L), V = N(erlang:system_profile()), erlang:system_profile(undefined, []), V end || L <- [[runnable_ports], [runnable_ports, runnable_procs, exclusive], [timestamp]]].
profile_ports() ->
    C = spawn_link(fun() -> listen([]) end),
    erlang:system_profile(C, [runnable_ports]),
    P = open_port({spawn, "cat"}, [binary]), port_command(P, <<1>>), receive {P, _} -> ok end, port_close(P),
    erlang:system_profile(undefined, []), erlang:yield(),
    All = begin C ! {tell, self()}, receive {told, T} -> T end end,
    L = [begin {A, B, D} = Time, true = is_integer(A + B + D), What end || {profile, Q, What, 0, Time} <- All, Q =:= P],
    {lists:member(active, L), lists:member(inactive, L), lists:usort([{A, B} || {A, B} <- lists:zip(lists:droplast(L), tl(L))]), hd(L)}.

%% --- seq_trace

seq_token() ->
    [seq_trace:get_token(), seq_trace:get_token(send), seq_trace:get_token(label), seq_trace:set_token(label, 17), seq_trace:set_token(send, true),
     seq_trace:set_token('receive', true), seq_trace:set_token(send, false), named([{self(), s}], seq_trace:get_token()), seq_trace:get_token(label),
     seq_trace:get_token(serial), seq_trace:set_token(serial, {3, 4}), seq_trace:get_token(serial), seq_trace:get_token('receive'),
     seq_trace:set_token(label, {a, "b"}), named([{self(), s}], seq_trace:set_token([])), seq_trace:get_token()].
seq_wrong() -> V = [err(F) || F <- [fun() -> seq_trace:set_token(foo, true) end, fun() -> seq_trace:get_token(foo) end, fun() -> seq_trace:set_token(send, 'maybe') end]],
    seq_trace:set_token([]), V.
seq_messages() ->
    C = spawn(fun() -> listen([]) end), S = self(),
    Old = seq_trace:set_system_tracer(C),
    {P, M} = spawn_monitor(fun() -> receive {a, X} -> S ! {got, X, seq_trace:get_token()} end end),
    seq_trace:set_token(label, 17), seq_trace:set_token(send, true), seq_trace:set_token('receive', true), seq_trace:set_token(print, true),
    P ! {a, 1}, receive {got, 1, T} -> ok end, seq_trace:print(17, hej), seq_trace:print(18, nej), Mine = seq_trace:get_token(), seq_trace:set_token([]),
    receive {'DOWN', M, _, _, _} -> ok end,
    Told = told(P, C),
    Tracer = seq_trace:get_system_tracer() =:= C, seq_trace:set_system_tracer(false),
    {Old, Tracer, named([{P, p}, {S, s}], {T, Mine, lists:sort(Told)}), seq_trace:get_system_tracer()}.
seq_lost_by_other_messages() ->
    seq_trace:set_token(label, 1), S = self(),
    A = seq_trace:get_token() =/= [], {P, M} = spawn_monitor(fun() -> seq_trace:set_token([]), S ! plain end),
    receive plain -> ok end, B = seq_trace:get_token(), receive {'DOWN', M, _, P, _} -> ok end, seq_trace:set_token([]), {A, B}.
seq_timeout() -> seq_trace:set_token(label, 1), receive nothing -> ok after 0 -> ok end, T = seq_trace:get_token(), seq_trace:set_token([]), named([{self(), s}], T).
seq_timeout_late() -> seq_trace:set_token(label, 1), receive nothing -> ok after 1 -> ok end, T = seq_trace:get_token(), seq_trace:set_token([]), named([{self(), s}], T).
seq_info() -> seq_trace:set_token(label, 5), I = process_info(self(), sequential_trace_token), seq_trace:set_token([]), named([{self(), s}], [I, process_info(self(), sequential_trace_token)]).
%% Timestamps tell the order of what happens.
timestamps_rise() -> S = self(), T = spawn_link(fun() -> timestamps_([]) end), P = spawn(fun() -> receive go -> [N ! x || N <- lists:duplicate(200, S)], S ! done end end), erlang:trace(P, true, [send, timestamp, {tracer, T}]), P ! go,
    receive done -> ok end, R = erlang:trace_delivered(P), receive {trace_delivered, P, R} -> ok end, T ! {give, S}, receive {stamps, L} -> {length(L) >= 200, L =:= lists:usort(L)} end.
timestamps_(L) -> receive {trace_ts, _, send, _, _, Ts} -> timestamps_([Ts | L]); {give, S} -> S ! {stamps, lists:reverse(L)} end.
