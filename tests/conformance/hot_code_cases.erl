%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% Code as the code server has it: loading from files, paths and their caches, old code and who runs it, on_load, several modules at once,
%% sticky folders, what is told of a module. What lies below, erlang's and erts_internal's functions, is in code_cases.
-module(hot_code_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, take/0, take/1, gone/2, in_process/1]).

dir_(N) -> D = filename:join("/tmp", "beamr_hot_" ++ os:getpid() ++ "_" ++ N), file:del_dir_r(D), ok = filelib:ensure_path(D), D.
in_dir_(N, F) -> D = dir_(N), P = code:get_path(), try F(D) after code:set_path(P), file:del_dir_r(D) end.
beam_(M, V) -> beam_(M, V, "").
beam_(M, V, Extra) -> beam_(M, V, Extra, []).
beam_(M, V, Extra, Options) ->
    Text = lists:flatten(io_lib:format("-module(~w). -export([v/0, loop/1, mk/1, keep/1, outer/1]). v() -> ~w. loop(P) -> receive which -> P ! {~w, ~w}, loop(P); switch -> ?MODULE:loop(P); stop -> ok end. mk(X) -> fun() -> {~w, X} end. keep(F) -> X = F(), {v(), X}. outer(P) -> receive go -> P ! ok, ok end, v(). ~ts", [M, V, M, V, V, Extra])),
    {ok, Ts, _} = erl_scan:string(re:replace(Text, "\\?MODULE", atom_to_list(M), [{return, list}])),
    {ok, M, B} = compile:forms(forms_(Ts, []), Options),
    B.
forms_([], []) -> [];
forms_([{dot, _} = D | Ts], Acc) -> {ok, F} = erl_parse:parse_form(lists:reverse([D | Acc])), [F | forms_(Ts, [])];
forms_([T | Ts], Acc) -> forms_(Ts, [T | Acc]).
write_(D, M, V) -> write_(D, M, V, "").
write_(D, M, V, Extra) -> ok = file:write_file(filename:join(D, atom_to_list(M) ++ ".beam"), beam_(M, V, Extra)).
load_(M, V) -> {module, M} = code:load_binary(M, "mem", beam_(M, V)).
gone_(M) -> code:purge(M), code:delete(M), code:purge(M).

%% ---- loading
load_file() -> in_dir_("lf", fun(D) -> code:add_patha(D), write_(D, hc1, one), R1 = [code:load_file(hc1), hc1:v(), code:is_loaded(hc1) =:= {file, filename:join(D, "hc1.beam")}, code:which(hc1) =:= filename:join(D, "hc1.beam")], write_(D, hc1, two), R2 = [code:modified_modules(), code:module_status(hc1), hc1:v(), code:load_file(hc1), hc1:v(), code:module_status(hc1), erlang:check_old_code(hc1)], write_(D, hc1, three), R3 = [code:load_file(hc1), hc1:v(), code:purge(hc1), code:load_file(hc1), hc1:v()], file:delete(filename:join(D, "hc1.beam")), R4 = [code:module_status(hc1), code:load_file(hc1)], gone_(hc1), R1 ++ R2 ++ R3 ++ R4 ++ [code:module_status(hc1)] end).
load_abs() -> in_dir_("la", fun(D) -> write_(D, hc2, one), F = filename:join(D, "hc2"), R = [code:load_abs(F), hc2:v(), code:which(hc2) =:= F ++ ".beam", code:load_abs(F ++ "x"), code:load_file(hc2)], gone_(hc2), R end).
load_wrong_file() -> in_dir_("lw", fun(D) -> code:add_patha(D), write_(D, hc3, one), file:rename(filename:join(D, "hc3.beam"), filename:join(D, "hc3b.beam")), file:write_file(filename:join(D, "hc3c.beam"), <<"rubbish">>), file:write_file(filename:join(D, "hc3d.beam"), <<>>), [code:load_file(hc3b), code:load_file(hc3c), code:load_file(hc3d), code:ensure_loaded(hc3c), code:load_file(hc3e), code:is_loaded(hc3)] end).
load_binary_errors() -> [err(fun() -> code:load_binary(id(M), id(F), id(B)) end) || {M, F, B} <- [{hc4, "x", <<"no">>}, {hc4, "x", beam_(hc4x, a)}, {lists, "x", beam_(lists, a)}]] ++ [element(1, err(fun() -> code:load_binary(id(1), "x", <<>>) end)), element(1, err(fun() -> code:load_file(id("s")) end))].
ensure_loaded() -> in_dir_("el", fun(D) -> code:add_patha(D), write_(D, hc5, one), R = [code:is_loaded(hc5), code:ensure_loaded(hc5), write_(D, hc5, two), code:ensure_loaded(hc5), hc5:v()], gone_(hc5), R end).
called_when_missing() -> in_dir_("cm", fun(D) -> code:add_patha(D), write_(D, hc6, auto), R = [hc6:v(), code:is_loaded(hc6) =/= false], gone_(hc6), R end).
several() -> in_dir_("sv", fun(D) -> code:add_patha(D), [write_(D, M, M) || M <- [hc7a, hc7b]], R = [code:ensure_modules_loaded([hc7a, hc7b, lists]), code:ensure_modules_loaded([hc7a, hc7_none]), hc7a:v(), hc7b:v()], gone_(hc7a), gone_(hc7b), R end).
atomic() -> in_dir_("at", fun(D) -> code:add_patha(D), write_(D, hc8a, a), R1 = code:atomic_load([hc8a, {hc8b, "mem", beam_(hc8b, b)}]), R2 = [hc8a:v(), hc8b:v()], R3 = [code:atomic_load([hc8a, {hc8c, "mem", <<"bad">>}]), code:atomic_load([hc8d]), code:atomic_load([{hc8e, "m", beam_(hc8e, e)}, {hc8e, "m", beam_(hc8e, f)}]), code:is_loaded(hc8c), code:is_loaded(hc8e)], [gone_(M) || M <- [hc8a, hc8b]], [R1, R2, R3] end).
atomic_with_on_load() -> R = code:atomic_load([{hc9, "m", beam_(hc9, a, "-on_load(i/0). i() -> ok.")}]), {R, code:is_loaded(hc9)}.
atomic_not_purged() -> load_(hc10, a), load_(hc10, b), R = [code:atomic_load([{hc10, "m", beam_(hc10, c)}]), hc10:v()], code:purge(hc10), R2 = [code:atomic_load([{hc10, "m", beam_(hc10, c)}]), hc10:v()], gone_(hc10), R ++ R2.
prepared() -> {ok, P} = code:prepare_loading([{hc11, "m", beam_(hc11, p)}]), R = [code:is_loaded(hc11), code:finish_loading(P), hc11:v(), code:prepare_loading([{hc11, "m", <<"x">>}])], gone_(hc11), R.
sticky() -> [code:is_sticky(lists), code:load_binary(lists, "x", beam_(lists, v)), in_dir_("st", fun(D) -> code:add_patha(D), write_(D, hc12, one), code:load_file(hc12), R = [code:is_sticky(hc12), code:stick_dir(D), code:is_sticky(hc12), write_(D, hc12, two), code:load_file(hc12), hc12:v(), code:unstick_dir(D), code:load_file(hc12), hc12:v()], gone_(hc12), R end)].

%% ---- paths
paths() -> in_dir_("pa", fun(D) -> [A, B, C] = [filename:join(D, N) || N <- ["a", "b", "c"]], [ok = file:make_dir(X) || X <- [A, B, C]], write_(A, hc13, from_a), write_(B, hc13, from_b), L = fun() -> gone_(hc13), case code:ensure_loaded(hc13) of {module, _} -> hc13:v(); E -> E end end, R = [L(), code:add_patha(B), L(), code:add_patha(A), L(), code:add_pathz(B), L(), code:add_pathsz([C, A]), lists:last(code:get_path()) =:= C, code:add_pathsa([B, C]), L(), hd(code:get_path()) =:= C, code:del_path(A), code:del_path(A), code:del_path(B), code:del_paths([B, C]), L(), code:add_patha(D ++ "/none"), code:add_path(1), code:set_path(x), code:del_path(no_such_name)], gone_(hc13), R end).
paths_cached() -> in_dir_("pc", fun(D) -> R = [code:add_patha(D, cache), code:ensure_loaded(hc14), write_(D, hc14, late), code:ensure_loaded(hc14), code:clear_cache(), code:ensure_loaded(hc14), code:add_patha(D, nocache), code:set_path(code:get_path(), nocache)], gone_(hc14), R end).
replace_path() -> in_dir_("rp", fun(D) -> [O, N] = [filename:join([D, X, "ebin"]) || X <- ["hcapp-1", "hcapp-2"]], [ok = filelib:ensure_path(X) || X <- [O, N]], [code:add_pathz(O), filename:basename(code:lib_dir(hcapp)), code:replace_path(hcapp, N), filename:basename(code:lib_dir(hcapp)), lists:member(O, code:get_path()), lists:member(N, code:get_path()), code:replace_path(hcapp, D ++ "/none"), code:replace_path(hcapp, x), code:priv_dir(hcapp) =:= filename:join([D, "hcapp-2", "priv"]), code:del_path(hcapp), code:lib_dir(hcapp)] end).
where_is() -> in_dir_("wi", fun(D) -> code:add_patha(D), write_(D, hc15, one), [code:where_is_file("hc15.beam") =:= filename:join(D, "hc15.beam"), code:where_is_file("hc15.none"), code:where_is_file(D, "hc15.beam") =/= x, code:which(hc15) =:= filename:join(D, "hc15.beam"), code:which(erlang), code:which(hc15_none), code:get_object_code(hc15) =:= {hc15, element(2, file:read_file(filename:join(D, "hc15.beam"))), filename:join(D, "hc15.beam")}, code:get_object_code(hc15_none), [X || {"hc15", _, false} = X <- code:all_available()] =/= []] end).
object_code_of() -> {lists, B, F} = code:get_object_code(lists), {is_binary(B), filename:basename(F)}.
compiler_dir() -> [is_list(code:compiler_dir()), code:root_dir() =:= code:root_dir(), code:objfile_extension(), code:get_mode(), code:lib_dir(hc_none), code:lib_dir(kernel, "a") =:= filename:join(code:lib_dir(kernel), "a"), code:priv_dir(hc_none), code:lib_dir() =:= filename:join(code:root_dir(), "lib"), code:start_link() =/= x].
clash() -> in_dir_("cl", fun(D) -> write_(D, lists_none, x), code:add_patha(D), code:clash() end) =/= x.

%% ---- old code and who runs it. A fun is no reason to keep old code; OTP then has no code for it, beamr's funs hold what they run.
runs_old_(M, Start) -> load_(M, old), P = Start(), R0 = take(), load_(M, new), A = erlang:check_process_code(P, M), B = code:soft_purge(M), C = erlang:check_old_code(M), Ref = monitor(process, P), D = code:purge(M), E = receive {'DOWN', Ref, process, P, W} -> W after 100 -> still_runs end, exit(P, kill), code:delete(M), code:purge(M), {R0, A, B, C, D, E}.
old_on_stack() -> S = self(), runs_old_(hd1, fun() -> spawn(fun() -> hd1:keep(fun() -> S ! ready, receive never -> ok end end) end) end).
old_in_loop() -> S = self(), runs_old_(hd2, fun() -> P = spawn(hd2, loop, [S]), P ! which, P end).
old_fun_in_heap() -> S = self(), runs_old_(hd3, fun() -> spawn(fun() -> F = hd3:mk(1), S ! ready, receive never -> ok end, S ! F end) end).
old_fun_in_dictionary() -> S = self(), runs_old_(hd4, fun() -> spawn(fun() -> put(f, hd4:mk(1)), S ! ready, receive never -> ok end end) end).
old_fun_in_mailbox() -> S = self(), runs_old_(hd5, fun() -> P = spawn(fun() -> S ! ready, receive never -> ok end end), P ! hd5:mk(1), P end).
old_fun_in_table() -> T = ets:new(t, [public]), S = self(), R = runs_old_(hd6, fun() -> ets:insert(T, {f, hd6:mk(1)}), spawn(fun() -> S ! ready, receive never -> ok end end) end), [{f, F}] = ets:lookup(T, f), {R, is_function(F, 0)}.
export_fun_is_not_old() -> S = self(), runs_old_(hd7, fun() -> F = fun hd7:v/0, spawn(fun() -> S ! ready, receive never -> ok end, F() end) end).
old_fun_nested() -> S = self(), runs_old_(hd8, fun() -> spawn(fun() -> D = #{k => [{x, [hd8:mk(1)]}]}, S ! ready, receive never -> ok end, S ! D end) end).
old_after_collection() -> S = self(), runs_old_(hd9, fun() -> spawn(fun() -> F = hd9:mk(lists:seq(1, 100)), erlang:garbage_collect(), erlang:garbage_collect(), S ! ready, receive never -> ok end, S ! F end) end).
soft_purge_nobody() -> load_(hd10, a), load_(hd10, b), R = [code:soft_purge(hd10), erlang:check_old_code(hd10), code:soft_purge(hd10), code:purge(hd10), hd10:v()], gone_(hd10), R.
soft_purge_of_self() -> load_(hd11, a), F = hd11:mk(1), load_(hd11, b), R = [erlang:check_process_code(self(), hd11), code:soft_purge(hd11)], {R, is_function(F, 0), in_process(fun() -> code:delete(hd11) end)}.
delete_in_use() -> S = self(), load_(hd12, a), P = spawn(hd12, loop, [S]), P ! which, A = take(), R = [code:delete(hd12), code:is_loaded(hd12), element(1, err(fun() -> hd12:v() end)), code:delete(hd12)], P ! which, B = take(), Q = [code:soft_purge(hd12), is_process_alive(P)], P ! stop, D = conformance:down(P), {A, R, B, Q, D, code:purge(hd12)}.
delete_twice() -> load_(hd13, a), R = [code:delete(hd13), code:delete(hd13), load_(hd13, b), code:delete(hd13), code:purge(hd13), code:delete(hd13)], R.
check_options() -> load_(hd14, a), S = self(), P = spawn(hd14, loop, [S]), P ! which, take(), load_(hd14, b), R = [erlang:check_process_code(P, hd14, [{allow_gc, false}]), erlang:check_process_code(P, hd14, [{allow_gc, true}]), erlang:check_process_code(P, hd14, [{async, r1}]), receive {check_process_code, r1, X} -> X after 5000 -> none end, erlang:check_process_code(P, hd14, [{async, r2}, {allow_gc, false}]), receive {check_process_code, r2, Y} -> Y after 5000 -> none end, erlang:check_process_code(P, hd14, []), err(fun() -> erlang:check_process_code(P, hd14, [foo]) end)], P ! stop, conformance:down(P), gone_(hd14), R.
upgrade_server() -> load_(hd15, a), S = self(), P = spawn(hd15, loop, [S]), P ! which, A = take(), load_(hd15, b), P ! which, B = take(), P ! switch, P ! which, C = take(), D = [code:soft_purge(hd15), is_process_alive(P)], P ! stop, gone_(hd15), {A, B, C, D}.
many_users() -> load_(hd16, a), S = self(), Ps = [spawn(hd16, loop, [S]) || _ <- lists:seq(1, 50)], [begin P ! which, take() end || P <- Ps], load_(hd16, b), R = [code:soft_purge(hd16), code:purge(hd16)], Q = [is_process_alive(P) || P <- Ps], gone_(hd16), {R, lists:usort(Q)}.
suspended_user() -> load_(hd17, a), S = self(), P = spawn(hd17, loop, [S]), P ! which, take(), erlang:suspend_process(P), load_(hd17, b), R = [code:soft_purge(hd17), erlang:check_process_code(P, hd17)], M = monitor(process, P), X = [code:purge(hd17), receive {'DOWN', M, process, P, W} -> W after 5000 -> none end], gone_(hd17), R ++ X.
hibernating_user() -> load_(hd18, a), S = self(), P = spawn(fun() -> S ! ready, erlang:hibernate(hd18, loop, [S]) end), take(), (fun W() -> case process_info(P, current_function) of {_, {erlang, hibernate, _}} -> ok; _ -> timer:sleep(1), W() end end)(), load_(hd18, b), R = [code:soft_purge(hd18), is_process_alive(P)], P ! which, X = take(), P ! stop, gone_(hd18), {R, X}.

%% ---- on_load
on_load() -> R = [code:load_binary(he1, "m", beam_(he1, a, "-on_load(i/0). i() -> put(x, 1), ok.")), he1:v()], gone_(he1), R.
on_load_fails() -> [{code:load_binary(he2, "m", beam_(he2, a, "-on_load(i/0). i() -> " ++ E ++ ".")), code:is_loaded(he2)} || E <- ["nope", "error(x)", "exit(y)", "throw(z)", "{error, not_today}"]].
on_load_fails_keeps_old() -> load_(he3, a), R = [code:load_binary(he3, "m", beam_(he3, b, "-on_load(i/0). i() -> nope.")), he3:v(), erlang:check_old_code(he3)], gone_(he3), R.
on_load_waits() -> S = self(), register(he4_tester, S), P = spawn(fun() -> S ! {loaded, code:load_binary(he4, "m", beam_(he4, a, "-on_load(i/0). i() -> he4_tester ! {in, self()}, receive go -> ok end."))} end), {in, O} = take(), Q = spawn(fun() -> S ! {called, he4:v()} end), A = take(50), O ! go, R = lists:sort([take(), take()]), unregister(he4_tester), gone_(he4), {is_pid(P), is_pid(Q), A, R}.
on_load_calls_itself() -> R = [code:load_binary(he5, "m", beam_(he5, a, "-on_load(i/0). i() -> case v() of a -> ok end.")), he5:v()], gone_(he5), R.
on_load_of_file() -> in_dir_("ol", fun(D) -> code:add_patha(D), write_(D, he6, a, "-on_load(i/0). i() -> nope."), R = [code:ensure_loaded(he6), element(1, err(fun() -> he6:v() end)), code:load_file(he6)], write_(D, he6, b, "-on_load(i/0). i() -> ok."), R2 = [he6:v()], gone_(he6), R ++ R2 end).

%% ---- what is told
told_of_module() -> load_(hf1, a), R = [lists:sort(erlang:get_module_info(hf1, exports)), hf1:module_info(module), erlang:get_module_info(hf1, md5) =:= hf1:module_info(md5), lists:sort([K || {K, _} <- hf1:module_info()]), hf1:module_info(native) =/= x orelse x, err(fun() -> hf1:module_info(foo) end), err(fun() -> erlang:get_module_info(hf_none, exports) end), hf1:module_info(nifs)], gone_(hf1), [X || X <- R].
docs() -> in_dir_("dc", fun(D) -> code:add_patha(D), ok = file:write_file(filename:join(D, "hf2.erl"), "-module(hf2).\n-moduledoc \"What it is.\".\n-export([f/1]).\n-doc \"Gives one.\".\nf(_) -> 1.\n"), {ok, hf2} = compile:file(filename:join(D, "hf2"), [{outdir, D}, beam_docs]), {ok, {docs_v1, _, L, T, M, _, Fs}} = code:get_doc(hf2), {L, T, M, [{K, S, Doc} || {K, _, S, Doc, _} <- Fs]} end).
debug_info() -> in_dir_("di", fun(D) -> code:add_patha(D), ok = file:write_file(filename:join(D, "hf3.beam"), beam_(hf3, a, "", [debug_info])), {ok, {hf3, [{abstract_code, {V, Fs}}]}} = beam_lib:chunks(code:which(hf3), [abstract_code]), {ok, {hf3, [{debug_info, {debug_info_v1, B, _}}]}} = beam_lib:chunks(code:which(hf3), [debug_info]), {V, length(Fs), B, erlang:function_exported(code, get_debug_info, 1) andalso code:get_debug_info(hf3)} end).
loaded() -> load_(hf5, a), R = [lists:keyfind(hf5, 1, code:all_loaded()), lists:member(hf5, erlang:loaded()), erlang:module_loaded(hf5), code:module_md5(beam_(hf5, a)) =:= hf5:module_info(md5), code:module_md5(<<"x">>)], gone_(hf5), R.
same_code_twice() -> B = beam_(hf6, a), {module, hf6} = code:load_binary(hf6, "m1", B), F = hf6:mk(1), {module, hf6} = code:load_binary(hf6, "m2", B), G = hf6:mk(1), R = [F =:= G, F(), code:which(hf6), erlang:check_old_code(hf6), code:soft_purge(hf6)], gone_(hf6), R.
deleted_and_loaded_again() -> load_(hf7, a), F = fun hf7:v/0, code:delete(hf7), A = element(1, err(F)), code:purge(hf7), load_(hf7, b), R = [A, F()], gone_(hf7), R.
constants_survive() -> B = beam_(hf8, a, "-export([l/0]). l() -> {big, [1, 2, 3, \"string\"], #{k => <<\"bin\">>}}."), {module, hf8} = code:load_binary(hf8, "m", B), L = hf8:l(), T = ets:new(t, []), ets:insert(T, {x, hf8:l()}), persistent_term:put(hf8, hf8:l()), self() ! {m, hf8:l()}, put(d, hf8:l()), S = self(), spawn(fun() -> receive {m2, X} -> S ! {back, X} end end) ! {m2, hf8:l()}, gone_(hf8), erlang:garbage_collect(), R = [L, ets:lookup(T, x), persistent_term:get(hf8), receive {m, M} -> M end, get(d), receive {back, Y} -> Y after 5000 -> none end], persistent_term:erase(hf8), lists:usort(lists:map(fun([{x, Z}]) -> Z; (Z) -> Z end, R)).
embedded_mode() -> [code:get_mode(), err(fun() -> hf_not_there:f() end), code:load_abs("/no/such"), code:add_patha("/no/such")].
