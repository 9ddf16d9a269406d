%% SPDX-License-Identifier: Apache-2.0
%% Exceptions: try, catch, after, nesting, rethrowing, stack traces with files and lines, error_info, how a process dies of them.
-module(exception_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

classes() -> [err(fun() -> throw(x) end), err(fun() -> error(x) end), err(fun() -> exit(x) end), err(fun() -> id(ok) end)].
try_of() -> [to_(X) || X <- [1, 2, 3, a, throw, error, exit]].
to_(X) -> try tr_(X) of 1 -> one; Y when is_integer(Y) -> {int, Y}; _ -> other catch throw:T -> {thrown, T}; error:E -> {error, E}; exit:E -> {exit, E} end.
tr_(throw) -> throw(t); tr_(error) -> error(e); tr_(exit) -> exit(x); tr_(X) -> X.
try_of_no_clause() -> [err(fun() -> try id(5) of 1 -> x catch _:_ -> caught end end), stack(fun() -> try id(5) of 1 -> x catch _:_ -> caught end end)].
try_body_not_protected() -> err(fun() -> try id(1) of 1 -> error(in_of) catch _:_ -> caught end end).
try_after() -> R = try id(1) after self() ! after_ran end, {R, flush()}.
try_after_raises() -> R = err(fun() -> try error(a) after self() ! after_ran end end), {R, flush()}.
try_after_replaces() -> err(fun() -> try error(a) after error(b) end end).
try_catch_after() -> R = try error(a) catch error:a -> self() ! caught, v after self() ! aft end, {R, flush()}.
try_catch_in_handler() -> R = err(fun() -> try error(a) catch error:a -> error(b) after self() ! aft end end), {R, flush()}.
try_nested() -> try try throw(inner) catch error:_ -> wrong end catch throw:X -> {outer, X} end.
try_nested_rethrow() -> try try error(a) catch C:R:S -> erlang:raise(C, {again, R}, S) end catch error:X -> X end.
try_value_kept() -> X = id([1, 2]), Y = id({a}), try id(Y), error(x) catch error:x -> {X, Y} end.
try_many_locals() -> A = id(1), B = id([2]), C = id({3}), D = id("4"), R = try tr_(id(error)) catch _:E -> {E, A, B} end, {R, A, B, C, D}.
try_unmatched() -> [err(fun() -> try error(a) catch throw:_ -> x end end), err(fun() -> try error(a) catch error:b -> x end end), err(fun() -> try throw({a, 1}) catch throw:{b, _} -> x end end)].
try_guards() -> [try error(X) catch error:E when is_atom(E) -> atom; error:E when E > 5 -> big; _:_ -> other end || X <- [a, 10, 3, "s"]].
try_dynamic_class() -> [begin C = id(K), try tr_(K) catch C:R -> {C, R} end end || K <- [throw, error, exit]].
try_in_loop() -> lists:sum([try if X rem 2 =:= 0 -> throw(X); true -> X end catch Y -> -Y end || X <- lists:seq(1, 1000)]).
try_deep_unwind() -> try deep_(10000) catch throw:bottom -> unwound end.
deep_(0) -> throw(bottom);
deep_(N) -> [N | deep_(N - 1)].
try_tail_position() -> tt_(1000).
tt_(0) -> done;
tt_(N) -> case (try id(N) catch _:_ -> 0 end) of N -> tt_(N - 1) end.
catch_forms() -> [catch id(1), catch throw(x), element(1, catch exit(x)), catch exit(x), case catch error(x) of {'EXIT', {x, S}} when is_list(S) -> error_caught end, catch 1 + 1].
catch_nested() -> catch {a, catch throw(b), throw(c)}.
catch_in_expression() -> {catch throw(a), [catch throw(b) | catch throw(c)]}.
catch_keeps_locals() -> X = id({1, 2}), Y = (catch throw(X)), {X, Y}.
catch_badarith() -> case catch id(1) + id(a) of {'EXIT', {badarith, [{M, _, _, _} | _]}} -> M end.
error_with_arguments() -> stack(fun() -> error(reason, [a, b]) end).
error_with_options() -> [stack(fun() -> error(reason, [a], [{error_info, #{cause => why}}]) end), stack(fun() -> error(reason, none, [{error_info, #{}}]) end), err(fun() -> error(reason, [a], id([foo])) end)].
error_none() -> stack(fun() -> error(r, none) end).
raise() -> [stack(fun() -> erlang:raise(error, r, [{m, f, 1, []}]) end), stack(fun() -> erlang:raise(throw, r, []) end), stack(fun() -> erlang:raise(exit, r, [{m, f, [a, b], [{file, "x.erl"}, {line, 5}]}]) end)].
raise_wrong() -> [erlang:raise(id(foo), r, []), erlang:raise(error, r, id(a)), erlang:raise(error, r, id([a])), err(fun() -> erlang:raise(error, r, id([{m, f, x, []}])) end)].
raise_shapes() -> [stack(fun() -> erlang:raise(error, r, [{m, f, 1}]) end), stack(fun() -> erlang:raise(error, r, [{fun lists:map/2, [1], []}]) end)].
raise_keeps_stack() -> try try lists:nth(5, id([1])) catch C:R:S -> erlang:raise(C, R, S) end catch error:E:S2 -> {E, element(1, hd(S2)), element(2, hd(S2))} end.
stack_simple() -> stack(fun() -> f1_(1) end).
f1_(X) -> f2_(X) + 1.
f2_(X) -> f3_(X) + 1.
f3_(X) ->
    Y = X + 1,
    case id(Y) of
        1000 -> Y;
        _ -> error({three, Y})
    end.
stack_tail_calls_lost() -> stack(fun() -> g1_(1) + 0 end).
g1_(X) -> g2_(X).
g2_(X) -> g3_(X).
g3_(X) -> case id(X) of 1 -> error(tail); _ -> 0 end.
stack_function_clause() -> stack(fun() -> h_(id(z), [1]) end).
h_(a, _) -> ok.
stack_bif() -> [stack(fun() -> atom_to_list(id(1)) end), stack(fun() -> list_to_atom(id(a)) end), stack(fun() -> element(id(3), {1}) end), stack(fun() -> erlang:send(id(not_registered_x), m) end)].
stack_bif_tail() -> [stack(fun() -> bt_(a) end), stack(fun() -> bl_(a) + 1 end), stack(fun() -> ba_(1) end), stack(fun() -> bk_(1) end),
                     stack(fun() -> bf_(1) end)].
bt_(X) -> list_to_integer(X).
ba_(X) -> atom_to_list(X).
bk_(X) -> lists:keyfind(a, b, X).
bf_(X) -> Y = conformance:id(X), erlang:atom_to_list(Y).
bl_(X) -> length(X).
stack_lines() ->
    [stack(fun() ->
               id(one),
               error(line_three)
           end),
     stack(fun() -> case id(1) of
                        2 -> x
                    end
           end)].
stack_in_list_function() -> stack(fun() -> lists:map(fun(X) -> 1 / X end, [1, 0]) end).
stack_in_comprehension() -> stack(fun() -> [1 div X || X <- [1, id(0)]] end).
stack_depth_limit() -> {error, deep, L} = (try deep2_(100) catch C:R:S -> {C, R, length(S)} end), L.
deep2_(0) -> error(deep);
deep2_(N) -> 1 + deep2_(N - 1).
stack_of_throw() -> stack(fun() -> throw(t) end).
stack_of_exit() -> stack(fun() -> exit(e) end).
stack_of_badfun() -> stack(fun() -> (id(x))() + 1 end).
stack_of_badarity() -> {error, {badarity, {F, A}}, S} = stack(fun() -> (id(fun(_) -> ok end))() + 1 end), {is_function(F), A, S}.
stack_of_last_calls() -> [stack(fun() -> [F(id(A))] end) || F <- [fun last_1_/1, fun last_2_/1, fun last_3_/1, fun last_4_/1, fun last_5_/1, fun last_6_/1], A <- [7, <<"no such atom, ever">>], F =/= fun last_2_/1 orelse A =:= 7].
last_1_(X) -> atom_to_binary(X).
last_2_(X) -> binary_to_atom(X).
last_3_(X) -> R = id(X), _ = id(R), binary_to_existing_atom(R).
last_4_(X) -> spawn(X).
last_5_(X) -> spawn_monitor(X).
last_6_(X) -> erlang:memory(X).
stack_of_apply() -> [element(3, stack(fun() -> {apply(id(F), id(A))} end)) || {F, A} <- [{7, [1]}, {foo, []}, {fun() -> ok end, [1]}, {7, foo}, {fun lists:no_such/1, [1]}, {{a, b}, [1 | 2]}]].
stack_of_undef() -> [stack(fun() -> nope:nope(1, 2) + 1 end), stack(fun() -> ?MODULE:nope() + 1 end)].
stack_of_guard_bif() -> [stack(fun() -> hd(id(a)) end), stack(fun() -> map_get(k, id(#{})) end), stack(fun() -> round(id(a)) end), stack(fun() -> byte_size(id(1)) end)].
stack_of_binary() -> [stack(fun() -> <<(id(a)):8>> end), stack(fun() -> binary:part(id(<<1>>), 5, 1) end), stack(fun() -> binary:copy(id(a)) end)].
stack_after_rethrow() -> stack(fun() -> try f1_(1) after id(ok) end end).
stack_variable_used_twice() -> try f1_(1) catch _:_:S -> A = [F || {_, F, _, _} <- S], try throw(x) catch _:_ -> ok end, {lists:sublist(A, 3), length(S) > 3} end.
stack_dropped_when_unused() -> try f1_(1) catch error:{three, X} -> X end.
stack_of_other_process() -> {_, R} = spawn_monitor(fun() -> f1_(1) end), receive {'DOWN', R, process, _, {Reason, S}} -> {Reason, frames(S)} end.
stack_of_spawned_undef() -> {_, R} = spawn_monitor(nomodule, nofun, [a]), receive {'DOWN', R, process, _, {Reason, S}} -> {Reason, frames(S)} end.
stack_of_spawned_bad_fun() -> {_, R} = spawn_monitor(?MODULE, h_, [1, 2]), receive {'DOWN', R, process, _, {Reason, S}} -> {Reason, frames(S)} end.
reasons_of_death() -> [died(F) || F <- [fun() -> ok end, fun() -> exit(normal) end, fun() -> exit({x, 1}) end, fun() -> throw(up) end, fun() -> exit(self(), kill), timer:sleep(1000) end, fun() -> exit(kill) end]] .
reason_of_throw() -> {_, R} = spawn_monitor(fun() -> throw(up) end), receive {'DOWN', R, process, _, {Reason, S}} -> {Reason, frames(S)} end.
reason_of_error() -> {_, R} = spawn_monitor(fun() -> error(mine) end), receive {'DOWN', R, process, _, {Reason, S}} -> {Reason, is_list(S)} end.
error_info_format() -> [fmt_(fun() -> atom_to_list(id(1)) end), fmt_(fun() -> binary:at(id(<<1>>), 7) end), fmt_(fun() -> lists:keyfind(a, id(0), []) end), fmt_(fun() -> maps:get(z, id(#{})) end), fmt_(fun() -> element(id(3), {1}) end), fmt_(fun() -> list_to_integer(id("x")) end), fmt_(fun() -> ets:lookup(id(no_table), k) end), fmt_(fun() -> math:sqrt(id(-1)) end), fmt_(fun() -> binary:match(id(<<"a">>), <<>>) end)].
fmt_(F) -> try F() catch error:R:S -> [{_, _, _, Info} | _] = S, case proplists:get_value(error_info, Info) of undefined -> none; Map -> M = maps:get(module, Map, erl_erts_errors), maps:without([pretty_printer], M:format_error(R, S)) end end.
error_text() -> [lists:flatten(erl_error:format_exception(C, R, lists:sublist(S, 2))) || {C, R, S} <- [ct_(fun() -> atom_to_list(id(1)) end), ct_(fun() -> f1_(1) end), ct_(fun() -> throw(x) end), ct_(fun() -> h_(1, 2) end)]].
ct_(F) -> try F() catch C:R:S -> {C, R, [E || {M, _, _, _} = E <- S, M =/= conformance]} end.
old_catch_function_clause() -> case catch h_(1, 2) of {'EXIT', {function_clause, [{?MODULE, h_, [1, 2], _} | _]}} -> yes end.
badmatch_values() -> [err(fun() -> {ok, _} = id(V) end) || V <- [error, {error, x}, [1], #{}]].
case_clause_values() -> [err(fun() -> case id(V) of never -> 1 end end) || V <- [a, 1.5, {x}]].
else_clause() -> err(fun() -> else_() end).
else_() -> case id(true) of false -> ok end.
nested_after_order() -> try try try error(x) after self() ! 1 end after self() ! 2 end catch _:_ -> self() ! 3 end, flush().
after_with_return() -> try id(v) after id(ignored) end.
after_in_receive() -> self() ! m, R = try receive m -> got end after self() ! done end, {R, flush()}.
raise_in_after_loses() -> err(fun() -> try throw(a) catch throw:a -> throw(b) after throw(c) end end).
exit_in_try() -> try exit(normal) catch exit:R -> {caught, R} end.
exit_signal_not_caught() -> {P, R} = spawn_monitor(fun() -> try receive never -> ok end catch _:_ -> ok end end), exit(P, gone), gone(P, R).
process_exit_runs_no_after() -> Self = self(), {P, R} = spawn_monitor(fun() -> try receive never -> ok end after Self ! ran end end), exit(P, gone), {gone(P, R), take(50)}.
large_reason() -> R = lists:seq(1, 1000), {_, M} = spawn_monitor(fun() -> exit({big, R}) end), receive {'DOWN', M, process, _, {big, L}} -> length(L) end.
reason_with_fun() -> {_, M} = spawn_monitor(fun() -> X = self(), exit(fun() -> X end) end), receive {'DOWN', M, process, _, F} -> is_pid(F()) end.
system_limit() -> [err(fun() -> list_to_atom(lists:duplicate(300, $a)) end), err(fun() -> erlang:make_tuple(id(1 bsl 40), x) end), err(fun() -> id(1) bsl id(1 bsl 40) end), err(fun() -> binary:copy(<<1>>, id(1 bsl 62)) end)].
nif_not_loaded() -> err(fun() -> erlang:nif_error(x) end).
error_logger_free() -> spawn(fun() -> exit(shutdown) end), spawn(fun() -> exit({shutdown, x}) end), ok.

%% Compiled without optimizations, the place where it waits is reached by a jump.
times_out_() -> receive after id(1) -> over end.
waits_again_() -> receive {never, X} -> X after id(20) -> over end.
timed_out() -> {P, M} = spawn_monitor(fun() -> exit({times_out_(), waits_again_()}) end), [P ! {other, I} || I <- [1, 2]], receive {'DOWN', M, _, _, R} -> R end.
wrong_time() -> [err(fun() -> receive after id(T) -> x end end) || T <- [-1, a, 1 bsl 40]].
