%% SPDX-License-Identifier: Apache-2.0
%% Code: loading, two versions, purging, deleting, on_load, funs of old code, what erlang and erts_internal tell of modules.
-module(code_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

%% Small modules are made of forms here, by the release's own compiler.
mod_(M, V) -> mod_(M, V, []).
mod_(M, V, Extra) ->
    F = [{attribute, 1, file, {atom_to_list(M) ++ ".erl", 1}}, {attribute, 1, module, M},
         {attribute, 1, export, [{v, 0}, {loop, 1}, {mk, 1}, {call, 1}, {spin, 1}]}] ++ Extra ++
        [{function, 2, v, 0, [{clause, 2, [], [], [abs_(V)]}]},
         {function, 3, loop, 1, [{clause, 3, [{var, 3, 'S'}], [], [{'receive', 3, [
            {clause, 3, [{atom, 3, which}], [], [{op, 3, '!', {var, 3, 'S'}, {tuple, 3, [{atom, 3, loop}, abs_(V)]}}, {call, 3, {atom, 3, loop}, [{var, 3, 'S'}]}]},
            {clause, 3, [{atom, 3, switch}], [], [{call, 3, {remote, 3, {atom, 3, M}, {atom, 3, loop}}, [{var, 3, 'S'}]}]},
            {clause, 3, [{atom, 3, stop}], [], [{atom, 3, ok}]}]}]}]},
         {function, 4, mk, 1, [{clause, 4, [{var, 4, 'X'}], [], [{'fun', 4, {clauses, [{clause, 4, [], [], [{tuple, 4, [abs_(V), {var, 4, 'X'}]}]}]}}]}]},
         {function, 5, call, 1, [{clause, 5, [{var, 5, 'F'}], [], [{call, 5, {var, 5, 'F'}, []}]}]},
         {function, 6, spin, 1, [{clause, 6, [{var, 6, 'N'}], [], [{call, 6, {atom, 6, spin}, [{op, 6, 'bxor', {var, 6, 'N'}, {integer, 6, 1}}]}]}]}],
    {ok, M, B} = compile:forms(F, [binary]),
    B.
abs_(V) -> erl_parse:abstract(V).
load_(M, V) -> erlang:load_module(M, mod_(M, V)).
gone_(M) -> catch erlang:purge_module(M), catch erlang:delete_module(M), catch erlang:purge_module(M), ok.

load_and_call() -> R = {load_(cm1, one), cm1:v(), erlang:module_loaded(cm1)}, gone_(cm1), {R, err(fun() -> cm1:v() end), erlang:module_loaded(cm1)}.
reload() -> load_(cm2, one), A = cm2:v(), R = load_(cm2, two), B = cm2:v(), O = erlang:check_old_code(cm2), gone_(cm2), {A, R, B, O}.
reload_without_purge() -> load_(cm3, one), load_(cm3, two), R = load_(cm3, three), V = cm3:v(), gone_(cm3), {R, V}.
old_code_keeps_running() -> load_(cm4, one), S = self(), {P, M} = spawn_monitor(cm4, loop, [S]), P ! which, A = take(), load_(cm4, two), P ! which, B = take(), P ! switch, P ! which, C = take(), P ! stop, gone(P, M), gone_(cm4), {A, B, C}.
check_process_code() -> load_(cm5, one), S = self(), P = spawn(cm5, loop, [S]), P ! which, take(), A = erlang:check_process_code(P, cm5), load_(cm5, two), B = erlang:check_process_code(P, cm5), C = erlang:check_process_code(self(), cm5), P ! switch, P ! which, take(), D = erlang:check_process_code(P, cm5), P ! stop, gone_(cm5), {A, B, C, D}.
check_process_code_async() -> load_(cm6, one), load_(cm6, two), R = erlang:check_process_code(self(), cm6, [{async, req}]), X = receive {check_process_code, req, Y} -> Y after 2000 -> none end, gone_(cm6), {R, X}.
purge_kills_old_users() -> load_(cm7, one), S = self(), {P, M} = spawn_monitor(cm7, loop, [S]), P ! which, take(), load_(cm7, two), R = erlang:purge_module(cm7), X = gone(P, M), gone_(cm7), {R, X}.
%% Which code runs is settled when the process first runs.
started_(P) -> case process_info(P, reductions) of {reductions, N} when N > 10000 -> ok; _ -> timer:sleep(1), started_(P) end.
purge_kills_running_users() -> load_(cm8, one), {P, M} = spawn_monitor(cm8, spin, [1]), started_(P), load_(cm8, two), R = erlang:purge_module(cm8), X = gone(P, M), gone_(cm8), {is_boolean(R), X}.
purge_nothing() -> {err(fun() -> erlang:purge_module(cm_never) end), load_(cm9, one), err(fun() -> erlang:purge_module(cm9) end), gone_(cm9)}.
delete() -> load_(cm10, one), A = erlang:delete_module(cm10), B = erlang:delete_module(cm10_never), C = err(fun() -> cm10:v() end), D = erlang:check_old_code(cm10), E = err(fun() -> erlang:purge_module(cm10) end), {A, B, C, D, E}.
delete_twice() -> load_(cm11, one), load_(cm11, two), R = err(fun() -> erlang:delete_module(cm11) end), gone_(cm11), R.
fun_of_old_code() -> load_(cm12, one), F = cm12:mk(x), load_(cm12, two), G = cm12:mk(y), R = {F(), G(), F =:= G}, gone_(cm12), R.
fun_after_delete() -> load_(cm13, one), F = cm13:mk(x), erlang:delete_module(cm13), R = F(), {R, is_function(F, 0)}.
export_fun_follows() -> load_(cm14, one), F = fun cm14:v/0, A = F(), load_(cm14, two), B = F(), gone_(cm14), {A, B, err(fun() -> F() end)}.
apply_follows() -> load_(cm15, one), A = apply(cm15, v, []), load_(cm15, two), B = apply(id(cm15), id(v), []), gone_(cm15), {A, B}.
literals_survive_purge() -> V = {big, [1, 2, 3, "string", #{k => {deep, <<"bin">>}}], 12345678901234567890, 1.5}, load_(cm16, V), L = cm16:v(), P = spawn(fun() -> receive {F, go} -> F ! {mine, L} end end), gone_(cm16), erlang:garbage_collect(), P ! {self(), go}, receive {mine, M} -> {L =:= V, M =:= V} end.
literals_in_message_queue() -> V = lists:seq(1, 50), load_(cm17, V), self() ! {lit, cm17:v()}, gone_(cm17), receive {lit, X} -> X =:= V end.
literals_in_ets() -> V = {x, "yz"}, load_(cm18, V), T = ets:new(t, []), ets:insert(T, {k, cm18:v()}), gone_(cm18), ets:lookup(T, k) =:= [{k, V}].
load_wrong() -> [err(fun() -> erlang:load_module(id(M), id(B)) end) || {M, B} <- [{cm_x, <<>>}, {cm_x, <<"FOR1">>}, {cm_x, <<"not a beam file at all">>}, {cm_x, a}, {1, <<>>}, {cm_x, <<1:3>>}]].
load_wrong_name() -> err(fun() -> erlang:load_module(cm_other, mod_(cm19, one)) end).
load_truncated() -> B = mod_(cm20, one), [element(1, erlang:load_module(cm20, binary:part(B, 0, byte_size(B) * N div 10))) || N <- [0, 1, 3, 5, 7]].
prepare_and_finish() -> B = mod_(cm21, one), P = erlang:prepare_loading(cm21, B), A = erlang:module_loaded(cm21), R = erlang:finish_loading([P]), {A, R, cm21:v(), gone_(cm21)}.
finish_several() -> P = [erlang:prepare_loading(M, mod_(M, M)) || M <- [cm22, cm23]], R = erlang:finish_loading(P), X = {R, cm22:v(), cm23:v()}, gone_(cm22), gone_(cm23), X.
finish_not_purged() -> load_(cm24, one), load_(cm24, two), P = erlang:prepare_loading(cm24, mod_(cm24, three)), R = erlang:finish_loading([P]), gone_(cm24), R.
prepare_wrong() -> [erlang:prepare_loading(cm_y, <<"rubbish">>), err(fun() -> erlang:prepare_loading(id(1), <<>>) end)].
module_md5() -> B = mod_(cm26, one), {ok, {cm26, M}} = beam_lib:md5(B), load_(cm26, one), R = M =:= cm26:module_info(md5), gone_(cm26), R.
attributes() -> B = mod_(cm27, one, [{attribute, 1, vsn, "7"}, {attribute, 1, author, me}]), erlang:load_module(cm27, B), R = lists:sort(cm27:module_info(attributes)), gone_(cm27), R.
%% A module from no file is said to be from MODULE.erl.
no_file() ->
    Forms = [{attribute, 1, module, cm51}, {attribute, 1, export, [{f, 1}]},
             {function, 3, f, 1, [{clause, 3, [{var, 3, 'X'}], [], [{op, 3, '+', {var, 3, 'X'}, {integer, 3, 1}}]}]}],
    {ok, cm51, B} = compile:forms(Forms, []),
    erlang:load_module(cm51, B),
    R = stack(fun() -> cm51:f(id(a)) + 1 end),
    gone_(cm51),
    R.
%% Functions that nobody has named before: the order of the code, whatever their names were made in.
exports_in_order() ->
    _ = [id(A) || A <- [cm_third, cm_first]],
    Forms = [element(2, erl_parse:parse_form(element(2, erl_scan:string(S)))) || S <- ["-module(cm50).", "-export([cm_first/0, cm_third/0, cm_second/1]).",
        "cm_second(X) -> X.", "cm_local(X) -> cm_first().", "cm_first() -> 1.", "cm_third() -> cm_local(2)."]],
    {ok, cm50, B, _} = compile:forms(Forms, [return]),
    erlang:load_module(cm50, B),
    R = {cm50:module_info(exports), cm50:module_info(functions)},
    gone_(cm50),
    R.
natives() ->
    [begin M = id(N), {module, M} = {module, element(2, hd(M:module_info()))},
         {M, lists:sort(M:module_info(nifs)), [{F, A} || {F, A} <- lists:sort(M:module_info(nifs)), erlang:function_exported(M, F, A)],
             [{F, A} || {F, A} <- M:module_info(nifs), erlang:is_builtin(M, F, A)]}
     end || N <- [prim_file, prim_buffer, prim_tty, zlib, erl_tracer, lists, erlang, math, ets, ?MODULE]].
natives_elsewhere() -> [erlang:function_exported(M, F, A) || {M, F, A} <- [{erlang, abs, 1}, {lists, member, 2}, {prim_file, none, 1}, {prim_file, open, 2}]].
exports() -> load_(cm28, one), R = lists:sort(cm28:module_info(exports)), gone_(cm28), R.
beam_lib_chunks() -> B = mod_(cm29, one), {ok, {cm29, [{exports, E}]}} = beam_lib:chunks(B, [exports]), {ok, {cm29, [{atoms, A}]}} = beam_lib:chunks(B, [atoms]), {lists:sort(E), lists:member({1, cm29}, A), beam_lib:info(<<"x">>)} .
on_load_ok() -> R = erlang:load_module(cm30, ol_(cm30, {atom, 2, ok})), X = run_on_load_(cm30, R), {R, X}.
on_load_fails() -> R = erlang:load_module(cm31, ol_(cm31, {atom, 2, nope})), X = run_on_load_(cm31, R), {R, X}.
run_on_load_(M, {error, on_load}) -> A = err(fun() -> M:v() end) =/= x, R = erlang:call_on_load_function(M), erlang:finish_after_on_load(M, R =:= ok), V = err(fun() -> M:v() end), gone_(M), {A, R, V};
run_on_load_(M, R) -> gone_(M), R.
ol_(M, E) -> mod_(M, loaded, [{attribute, 1, on_load, {init, 0}}, {function, 2, init, 0, [{clause, 2, [], [], [E]}]}]).
pre_loaded() -> [lists:member(M, erlang:pre_loaded()) || M <- [erlang, init, erts_internal, lists]].
error_handler_undefined() -> err(fun() -> cm_never_there:f(1) end).
undefined_function_handler() -> {P, R} = spawn_monitor(fun() -> process_flag(error_handler, ?MODULE), exit(cm_handled:f(1, 2)) end), gone(P, R).
undefined_function(M, F, A) -> {handled, M, F, A}.
undefined_lambda(M, F, A) -> {lambda, M, is_function(F), A}.
stack_of_loaded() -> load_(cm32, one), R = stack(fun() -> cm32:call(fun() -> error(inside) end) + 1 end), gone_(cm32), [{M, F} || {M, F, _, _} <- element(3, R)].
many_modules() -> Ms = [list_to_atom("cmx" ++ integer_to_list(N)) || N <- lists:seq(1, 40)], [load_(M, M) || M <- Ms], R = [M:v() =:= M || M <- Ms], [gone_(M) || M <- Ms], lists:usort(R).
reload_many_times() -> R = [begin load_(cm33, N), V = cm33:v(), catch erlang:purge_module(cm33), V end || N <- lists:seq(1, 15)], gone_(cm33), R.
stripped() -> {ok, {cm35, B}} = beam_lib:strip(mod_(cm35, one)), {erlang:load_module(cm35, iolist_to_binary(B)), cm35:v(), gone_(cm35)}.
map_keys_survive_purge() ->
    Field = fun(K) -> {map_field_assoc, 7, abs_(K), {var, 7, 'X'}} end,
    B = mod_(cm_keys, one, [{attribute, 1, export, [{km, 1}]}, {function, 7, km, 1, [{clause, 7, [{var, 7, 'X'}], [], [{map, 7, [Field(K) || K <- [zz, 7, b, [], aa, -1]]}]}]}]),
    {module, cm_keys} = erlang:load_module(cm_keys, B),
    M = cm_keys:km(id(x)),
    self() ! {m, cm_keys:km(y)},
    gone_(cm_keys),
    erlang:garbage_collect(),
    {M, M#{aa := z, new => 1}, receive {m, M2} -> {M2, lists:sort(maps:keys(M2))} end}.
wide_tuple() ->
    Elements = lists:append([[{var, 7, 'X'}, {integer, 7, I}] || I <- lists:seq(1, 4000)]),
    B = mod_(cm_wide, one, [{attribute, 1, export, [{wt, 1}]}, {function, 7, wt, 1, [{clause, 7, [{var, 7, 'X'}], [], [{tuple, 7, Elements}]}]}]),
    {module, cm_wide} = erlang:load_module(cm_wide, B),
    T = cm_wide:wt(id([x])),
    gone_(cm_wide),
    {tuple_size(T), element(1, T), element(8000, T), erlang:phash2(T)}.
