%% SPDX-License-Identifier: Apache-2.0
%% Funs: closures, external funs, fun_info, apply in all forms, recursion, higher order.
-module(fun_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

closure() -> X = id(5), F = fun(Y) -> X + Y end, [F(1), F(2), (id(F))(3)].
closure_many() -> {A, B, C, D, E} = id({1, 2, 3, 4, 5}), F = fun(X, Y, Z) -> [A, B, C, D, E, X, Y, Z] end, F(x, y, z).
closure_nested() -> F = fun(A) -> fun(B) -> fun(C) -> {A, B, C} end end end, ((F(1))(2))(3).
closure_of_big_terms() -> L = lists:seq(1, 100), M = #{k => L}, F = fun() -> {length(L), map_size(M)} end, erlang:garbage_collect(), F().
named_fun() -> F = fun Fact(0) -> 1; Fact(N) -> N * Fact(N - 1) end, F(20).
named_fun_mutual() -> F = fun Loop(0, Acc) -> Acc; Loop(N, Acc) -> Loop(N - 1, [N | Acc]) end, F(5, []).
external_fun() -> F = fun lists:map/2, [F(fun(X) -> X + 1 end, [1, 2]), F =:= fun lists:map/2, is_function(F, 2), is_function(F, 1)].
external_dynamic() -> M = id(lists), N = id(reverse), A = id(1), F = fun M:N/A, F([1, 2, 3]).
external_undefined() -> F = fun no_such_module:f/1, [is_function(F, 1), err(fun() -> F(1) end), stack(fun() -> F(1) end)].
external_wrong() -> [err(fun() -> M = id(1), fun M:f/1 end), err(fun() -> A = id(-1), fun lists:f/A end), err(fun() -> A = id(256), fun lists:f/A end), err(fun() -> erlang:make_fun(id(a), id("b"), 1) end)].
local_fun_ref() -> F = fun helper_/1, lists:map(F, [1, 2]).
helper_(X) -> {h, X}.
wrong_arity() -> F = fun(X) -> X end, [err(fun() -> (id(F))(1, 2) end) =:= {error, {badarity, {F, [1, 2]}}}, element(2, element(2, err(fun() -> (id(fun lists:map/2))(1) end)))].
not_a_fun() -> [err(fun() -> (id(a))(1) end), err(fun() -> (id(1))() end), err(fun() -> (id({lists, map}))(1) end), stack(fun() -> (id(a))(1) end)].
apply_forms() -> [apply(lists, reverse, [[1, 2]]), apply(fun(X) -> X end, [1]), erlang:apply(erlang, '+', [1, 2]), apply(id(lists), id(sort), id([[2, 1]])), apply(id(fun lists:sum/1), [[1, 2]])].
apply_variable() -> M = id(lists), F = id(reverse), [M:F([1, 2]), M:reverse([3, 4]), lists:F([5, 6])].
apply_last() -> al_(id(lists), id(reverse), [1, 2, 3]).
al_(M, F, L) -> M:F(L).
apply_bif() -> M = id(erlang), [M:abs(-3), M:length([1, 2]), apply(M, id(hd), [[7]]), M:'+'(1, 2)].
apply_wrong() -> [err(fun() -> apply(id(a), id(b), id(c)) end), err(fun() -> apply(id(1), id(b), []) end), err(fun() -> apply(lists, id(1), []) end), err(fun() -> apply(lists, nope, [1]) end), err(fun() -> apply(fun(X) -> X end, id(a)) end), err(fun() -> apply(lists, reverse, id([1 | 2])) end), err(fun() -> M = id("x"), M:f() end)].
apply_undefined() -> [stack(fun() -> no_module:f(1, a) end), stack(fun() -> lists:no_function(1) end), stack(fun() -> M = id(nomod), M:f([x]) end), stack(fun() -> apply(no_module, f, [1]) end)].
apply_many_arguments() -> F = fun(A, B, C, D, E, F1, G, H, I, J) -> {A, B, C, D, E, F1, G, H, I, J} end, apply(F, lists:seq(1, 10)).
apply_255() -> err(fun() -> apply(fun() -> ok end, lists:seq(1, 255)) end) =/= ok.
apply_too_many() -> err(fun() -> apply(lists, x, lists:seq(1, 300)) end).
fun_info_local() -> F = fun(X) -> X end, [erlang:fun_info(F, module), erlang:fun_info(F, arity), erlang:fun_info(F, type), element(1, erlang:fun_info(F, name)), erlang:fun_info(F, env)].
fun_info_env() -> {A, B} = id({1, b}), F = fun() -> {A, B} end, {env, E} = erlang:fun_info(F, env), lists:sort(E).
fun_info_external() -> F = fun lists:map/2, [erlang:fun_info(F, I) || I <- [module, name, arity, type, env]].
fun_info_keys() -> [lists:sort([K || {K, _} <- erlang:fun_info(F)]) || F <- [fun(X) -> X end, fun lists:map/2]].
fun_info_wrong() -> [err(fun() -> erlang:fun_info(id(a), module) end), err(fun() -> erlang:fun_info(fun() -> 1 end, id(foo)) end), err(fun() -> erlang:fun_info(id(1)) end)].
fun_info_mfa() -> element(1, erlang:fun_info_mfa(fun(X) -> X end)).
equality() -> X = id(1), F = fun() -> X end, G = fun() -> X end, [F =:= F, F =:= G, mk_(1) =:= mk_(1), mk_(1) =:= mk_(2), mk_(1) == mk_(1.0)].
mk_(X) -> fun() -> X end.
order() -> [fun lists:map/2 < fun lists:map/3, fun lists:map/2 < fun maps:map/2, mk_(1) < mk_(2), mk_(2) < mk_(1), fun() -> 1 end < fun lists:map/2].
in_map() -> M = #{mk_(1) => a, fun lists:map/2 => b}, [maps:get(mk_(1), M), maps:get(fun lists:map/2, M)].
is_function_all() -> F = fun(_, _) -> ok end, [is_function(F), is_function(F, 2), is_function(F, 1), is_function(a), is_function(a, 1), is_function(fun lists:map/2, 2), err(fun() -> is_function(F, id(-1)) end), err(fun() -> is_function(F, id(a)) end), is_function(F, 1 bsl 70)].
sent_to_process() -> X = id({some, "state"}), F = fun(Y) -> {X, Y} end, in_process(fun() -> F(1) end).
sent_to_running_process() -> P = spawn_link(fun Busy() -> receive {F, From} -> From ! {answer, F()} after 0 -> Busy() end end), X = id([1, {2}]), P ! {fun() -> {X, self() =:= P} end, self()}, receive {answer, A} -> A after 5000 -> none end.
compose() -> C = lists:foldl(fun(F, A) -> fun(X) -> F(A(X)) end end, fun(X) -> X end, [fun(X) -> X + 1 end, fun(X) -> X * 2 end]), C(5).
y_combinator() -> Y = fun(F) -> (fun(X) -> X(X) end)(fun(X) -> F(fun(A) -> (X(X))(A) end) end) end, (Y(fun(Self) -> fun(0) -> 0; (N) -> N + Self(N - 1) end end))(100).
church() -> N = fun(K) -> fun(F) -> fun(X) -> lists:foldl(fun(_, A) -> F(A) end, X, lists:seq(1, K)) end end end, ((N(7))(fun(X) -> X + 1 end))(0).
clauses_and_guards() -> F = fun(X) when X > 10 -> big; (X) when is_atom(X) -> atom; ({X, _}) -> X; (_) -> other end, [F(11), F(a), F({1, 2}), F("s")].
clause_fails() -> F = fun(1) -> ok end, [err(fun() -> F(id(2)) end), element(1, hd(element(3, stack(fun() -> F(id(2)) end))))].
fold_with_fun() -> lists:foldl(fun F(X, A) -> A + X end, 0, [1, 2, 3]).
fun_in_record() -> T = {ops, fun erlang:'+'/2, fun erlang:'*'/2}, {(element(2, T))(2, 3), (element(3, T))(2, 3)}.
fun_shadowing() -> X = id(1), F = fun(X) -> X end, {X, F(2)}.
generators() -> G = gen_(1), {1, G2} = G(), {2, G3} = G2(), element(1, G3()).
gen_(N) -> fun() -> {N, gen_(N + 1)} end.
lazy_primes() -> take_(10, sieve_(gen_(2))).
sieve_(G) -> {P, R} = G(), fun() -> {P, sieve_(filter_(fun(X) -> X rem P =/= 0 end, R))} end.
filter_(F, G) -> {X, R} = G(), case F(X) of true -> fun() -> {X, filter_(F, R)} end; false -> filter_(F, R) end.
take_(0, _) -> [];
take_(N, G) -> {X, R} = G(), [X | take_(N - 1, R)].
many_free_variables() -> [A, B, C, D, E, F, G, H, I, J, K, L] = id(lists:seq(1, 12)), Z = fun(M) -> [M, L, K, J, I, H, G, F, E, D, C, B, A] end, Z(0).
tail_call_fun() -> F = fun Loop(0) -> done; Loop(N) -> Loop(N - 1) end, F(1000000).
tail_call_apply() -> tca_(100000).
tca_(0) -> done;
tca_(N) -> apply(?MODULE, id(tca_), [N - 1]).
call_in_guard_position() -> [case id(X) of Y when abs(Y) > 3, Y < 0 -> neg; Y when abs(Y) > 3 -> pos; _ -> small end || X <- [5, -5, 1]].
try_fun_in_try() -> F = fun() -> try throw(x) catch throw:Y -> fun() -> Y end end end, (F())().
fun_from_other_module() -> F = conformance:id(fun lists:sort/2), F(fun(A, B) -> A > B end, [1, 3, 2]).
erlang_operators_as_funs() -> [(fun erlang:O/2)(7, 2) || O <- ['+', '-', '*', '/', 'div', 'rem', 'band', 'bor', 'bxor', 'bsl', 'bsr', '<', '>', '==', '=:=', '/=', '=/=', '=<', '>=']] ++ [(fun erlang:O/1)(5) || O <- ['-', '+', 'bnot']] ++ [(fun erlang:'++'/2)([1], [2]), (fun erlang:'--'/2)([1, 2], [2]), (fun erlang:'and'/2)(true, false), (fun erlang:'not'/1)(true), (fun erlang:'!'/2)(self(), m), flush()].
