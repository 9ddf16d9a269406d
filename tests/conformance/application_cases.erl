%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% Module application and what is behind it: environments, keys, start and stop in each type, phases, included applications, what is refused and how it is told.
-module(application_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function]).
-import(conformance, [id/1, err/1, plain/1, flush/0, sorted/1]).

%% A call's value, or the text that OTP makes of its exception.
try_({M, F, A}) -> try plain(apply(M, F, A)) catch C:R:S -> {C, text_(C, R, S)} end.
text_(C, R, S) ->
    T = unicode:characters_to_list(erl_error:format_exception(C, R, S, #{stack_trim_fun => fun(M, _, _) -> M =:= ?MODULE orelse M =:= conformance end})),
    re:replace(T, "<[0-9.]+>", "<>", [global, {return, list}, unicode]).
tries_(M, Calls) -> [try_({M, F, id(A)}) || {F, A} <- Calls].
first_({error, {R, _}}) -> {error, R};
first_(X) -> X.

%% ---- an application of this module, that tells who is named application_case
app_(Name, Keys) ->
    {application, Name, lists:sort(maps:to_list(maps:merge(#{description => "of a case", vsn => "1.2", modules => [?MODULE], registered => [], applications => [kernel, stdlib], env => [{k, v}]}, Keys)))}.
start(Type, {tell, Answer}) -> tell_({start, Type}), started_(Answer);
start(Type, Args) -> tell_({start, Type, Args}), {ok, spawn_link(fun() -> receive after infinity -> ok end end), state}.
started_(Fun) when is_function(Fun) -> Fun();
started_(sup) -> supervisor:start_link(?MODULE, top);
started_(dies) -> P = spawn_link(fun() -> receive {stop, W} -> exit(W) end end), register(application_case_top, P), {ok, P};
started_(Answer) -> Answer.
init(top) -> {ok, {#{}, [#{id => kid, start => {?MODULE, kid_, []}}]}}.
kid_() -> {ok, proc_lib:spawn_link(fun() -> tell_({kid, application:get_application(), application:get_env(k), lists:sort(application:get_all_env()), application:get_key(vsn), case application:get_all_key() of {ok, L} -> proplists:get_value(vsn, L); X -> X end, application:get_supervisor(app_sup) =/= undefined}), receive never -> ok end end)}.
start_phase(Phase, Type, Args) -> tell_({phase, Phase, Type, Args, application:get_application()}), case Args of {fails, W} -> W; _ -> ok end.
prep_stop(State) -> tell_({prep_stop, State}), {prepared, State}.
stop(State) -> tell_({stop, State}), ok.
config_change(Changed, New, Removed) -> tell_({config_change, lists:sort(Changed), lists:sort(New), lists:sort(Removed)}), ok.
tell_(What) -> case whereis(application_case) of undefined -> ok; P -> P ! plain(What) end.
told_(F) -> register(application_case, self()), try {F(), flush()} after unregister(application_case) end.
stopped_(A) -> receive {stop, _} = X -> X after 5000 -> none end, wait_(fun() -> not lists:keymember(A, 1, application:which_applications()) end).
wait_(F) -> case F() of true -> ok; false -> timer:sleep(1), wait_(F) end.

%% ---- loading
load_forms() ->
    R = [{application:load(id(S)), application:unload(app_l)} || S <- [app_(app_l, #{}), {application, app_l, []}, app_(app_l, #{foo => bar}), app_(app_l, #{maxP => 7, maxT => 100, id => "i", start_phases => [{a, []}], included_applications => []})]],
    {R, [begin L = first_(application:load(id(S))), application:unload(app_l), L end || S <- [{application, app_l, foo}, {application, "x", []}, {applications, app_l, []}, [], 7, "app_l", no_such_app, app_(app_l, #{env => foo}), app_(app_l, #{env => [foo]}), app_(app_l, #{env => [{a}]}), app_(app_l, #{modules => foo}),
        app_(app_l, #{registered => 1}), app_(app_l, #{applications => x}), app_(app_l, #{vsn => a}), app_(app_l, #{mod => x}), app_(app_l, #{mod => {a}}), app_(app_l, #{maxP => -1}), app_(app_l, #{maxT => a}), app_(app_l, #{start_phases => x}), app_(app_l, #{start_phases => [x]}),
        app_(app_l, #{included_applications => [app_l]}), app_(app_l, #{included_applications => [a, a]}), app_(app_l, #{applications => [a, a]}), app_(app_l, #{optional_applications => [zz]}), app_(app_l, #{description => 1})]],
     tries_(application, [{load, [app_(app_l, #{}), {app_l, [node()]}]}, {load, [app_(app_l, #{}), {other, [node()]}]}, {load, [app_(app_l, #{}), foo]}, {load, [app_(app_l, #{}), {app_l, 100, [node()]}]}, {unload, [app_l]}, {unload, [app_l]}, {unload, [kernel]}])}.
keys() ->
    ok = application:load(app_(app_k, #{id => "ID", registered => [rr], maxT => 5, start_phases => [{go, [1]}], mod => {?MODULE, x}, runtime_dependencies => ["erts-1"], optional_applications => []})),
    R = [[application:get_key(app_k, K) || K <- [description, id, vsn, modules, maxP, maxT, registered, included_applications, optional_applications, applications, env, mod, start_phases, runtime_dependencies, foo]], application:get_all_key(app_k), application:get_all_key(none), application:get_key(none, vsn),
         application:get_all_key(), application:get_key(vsn), application:get_application(), application:get_application(?MODULE), application:get_application(self()), application:get_supervisor(app_k), application:get_supervisor(none),
         lists:keyfind(app_k, 1, application:loaded_applications()), is_pid(element(2, application:get_supervisor(kernel)))],
    ok = application:unload(app_k),
    {R, tries_(application, [{get_key, ["x", vsn]}, {get_all_key, [1]}, {get_application, ["x"]}, {get_supervisor, ["x"]}, {get_key, [1]}])}.
infos() -> I = application:info(), [lists:sort([K || {K, _} <- I]), lists:sort([A || {A, _} <- proplists:get_value(running, I)]) =:= lists:sort([A || {A, _, _} <- application:which_applications()]), lists:sort(application:which_applications(1000)) =:= lists:sort(application:which_applications(infinity)), proplists:get_value(starting, I), proplists:get_value(start_p_false, I)] ++ tries_(application, [{which_applications, [foo]}, {which_applications, [-1]}]).

%% ---- environments
env_calls() ->
    ok = application:load(app_(app_e, #{env => [{k, v}, {l, [1, 2]}]})),
    R = tries_(application, [{set_env, [app_e, a, 1]}, {set_env, [app_e, b, 2, 5000]}, {set_env, [app_e, c, 3, [{timeout, 5000}, {persistent, true}]]}, {get_env, [app_e, a]}, {get_env, [app_e, none]}, {get_env, [app_e, none, d]}, {get_env, [k]}, {get_env, [none, k]}, {unset_env, [app_e, b]}, {unset_env, [app_e, b, 5000]},
        {unset_env, [app_e, none, [{persistent, false}]]}, {set_env, [[{app_e, [{k, w}, {m, 1}]}, {no_app_e, [{x, y}]}]]}, {set_env, [[{app_e, [{q, w}]}], [{persistent, true}]]}, {get_env, [no_app_e, x]}, {unset_env, [no_app_e, x]}, {get_all_env, []}, {get_all_env, [none]}]),
    E = lists:sort(application:get_all_env(app_e)),
    ok = application:unload(app_e), ok = application:load(app_(app_e, #{env => [{c, other}, {z, 1}]})),
    E2 = lists:sort(application:get_all_env(app_e)),
    ok = application:unload(app_e),
    {R, E, E2, application:get_all_env(app_e)}.
env_refused() -> tries_(application, [{set_env, [1, a, 1]}, {set_env, [app_e, "x", 1]}, {set_env, [app_e, a, 1, foo]}, {set_env, [app_e, a, 1, [{timeout, foo}]]}, {set_env, [foo]}, {set_env, [[foo]]}, {set_env, [[{app_e, foo}]]}, {set_env, [[{app_e, [{1, 2}]}]]}, {set_env, [[{"x", []}]]}, {set_env, [[{app_e, [{a, 1}, {a, 2}]}]]}, {set_env, [[{app_e, []}, {app_e, []}]]}, {set_env, [[{app_e, []}], foo]},
    {get_env, ["x", a]}, {get_env, [a, "x"]}, {get_env, ["x"]}, {get_all_env, ["x"]}, {unset_env, [1, a]}, {unset_env, [a, "b"]}, {unset_env, [a, b, c]}]).

%% ---- starting and stopping
life() -> told_(fun() ->
    ok = application:load(app_(app_s, #{mod => {?MODULE, {tell, sup}}})),
    [application:start(app_s), receive {kid, _, _, _, _, _, _} = K -> K after 5000 -> none end, application:start(app_s), lists:keyfind(app_s, 1, application:which_applications()), application:ensure_started(app_s), application:ensure_started(app_s, permanent), application:ensure_all_started(app_s), application:ensure_all_started([app_s, kernel], temporary), application:unload(app_s),
     plain(application:get_supervisor(app_s)), application:stop(app_s), application:stop(app_s), application:unload(app_s)] end).
returns() -> told_(fun() -> [begin
    ok = application:load(app_(app_r, #{mod => {?MODULE, {tell, A}}})),
    R = application:start(app_r), application:stop(app_r), application:unload(app_r), plain(R) end
    || A <- [fun() -> {ok, self_sup_(), my_state} end, {error, why}, ignore, foo, {ok, foo}, {ok}, fun() -> exit(gone) end, fun() -> exit(normal) end, fun() -> throw(ball) end, fun() -> exit(shutdown) end, {error, {shutdown, x}}, fun() -> application:start_type() end]] end).
undefined_modules() -> [begin ok = application:load(app_(app_u, #{mod => Mod})), R = application:start(app_u), application:unload(app_u), case R of {error, {{'EXIT', {undef, [{M, F, _, _} | _]}}, X}} -> {undef, M, F, X}; {error, {bad_return, {X, {'EXIT', {undef, [{M, F, _, _} | _]}}}}} -> {bad_return, X, M, F}; _ -> R end end || Mod <- [{no_such_module, []}, {lists, []}]] ++ [begin ok = application:load(app_(app_u, #{})), [application:start(app_u), application:get_supervisor(app_u), application:stop(app_u), application:unload(app_u)] end].
types() -> told_(fun() -> [begin
    ok = application:load(app_(app_t, #{mod => {?MODULE, {tell, dies}}})),
    R = application:start(app_t, Type), M = monitor(process, application_case_top), application_case_top ! {stop, Why}, receive {'DOWN', M, _, _, W} -> ok after 5000 -> W = none end, S = stopped_(app_t), U = application:unload(app_t), {Type, Why, R, W, S, U} end
    || {Type, Why} <- [{temporary, normal}, {temporary, crashed}, {transient, normal}, {temporary, shutdown}, {temporary, kill}]] ++ [tries_(application, [{start, [no_such, foo]}, {start, ["x"]}, {start, [kernel, foo]}])] end).
dependencies() -> told_(fun() ->
    [ok = application:load(app_(N, #{applications => [kernel | As] ++ Os, optional_applications => Os})) || {N, As, Os} <- [{app_d1, [], []}, {app_d2, [app_d1], []}, {app_d3, [app_d2], [app_opt]}, {app_d4, [app_d3, app_missing], []}]],
    R = [application:start(app_d2), application:start(app_d3), application:ensure_all_started(app_d4), [lists:keymember(N, 1, application:which_applications()) || N <- [app_d1, app_d2, app_d3]], application:ensure_all_started(app_d3), application:stop(app_d3), application:stop(app_d2), application:stop(app_d1),
         begin {ok, L} = application:ensure_all_started([app_d3], temporary, concurrent), lists:sort(L) end, application:ensure_all_started([app_d4], temporary, concurrent), application:ensure_all_started([app_d3, app_nope], temporary, serial)],
    [application:stop(N) || N <- [app_d3, app_d2, app_d1]], [ok = application:unload(N) || N <- [app_d1, app_d2, app_d3, app_d4]],
    {R, tries_(application, [{ensure_all_started, [app_d1, foo]}, {ensure_all_started, [foo, temporary, bar]}, {ensure_all_started, [7]}, {ensure_started, [app_d1]}, {ensure_started, ["x"]}])} end).
cycle() -> [ok = application:load(app_(N, #{applications => [kernel, M]})) || {N, M} <- [{app_c1, app_c2}, {app_c2, app_c1}]], R = [application:start(app_c1), application:start(app_c2)], [application:unload(N) || N <- [app_c1, app_c2]], R.
phases() -> told_(fun() ->
    [begin ok = application:load(app_(app_p2, #{modules => [], mod => {?MODULE, {tell, x}}, start_phases => [{b, inc}]})), ok = application:load(app_(app_p1, maps:merge(#{start_phases => Ps, included_applications => [app_p2]}, Mod))), R = {application:start(app_p1), application:get_key(app_p1, start_phases), application:get_application(?MODULE)}, application:stop(app_p1), application:unload(app_p1), {R, flush()} end
     || Mod <- [#{mod => {application_starter, [?MODULE, args]}}, #{mod => {?MODULE, args}}], Ps <- [[{a, 1}, {b, 2}], [], [{a, {fails, {error, no}}}], [{b, {fails, foo}}]]] end).
included() -> told_(fun() ->
    ok = application:load(app_(app_i2, #{})), ok = application:load(app_(app_i1, #{included_applications => [app_i2]})),
    R = [application:start(app_i1), application:start(app_i2), application:load(app_(app_i3, #{included_applications => [app_i2]})), application:start(app_i3), application:get_key(app_i1, included_applications), application:stop(app_i1), application:stop(app_i2), application:stop(app_i3)],
    [R | [application:unload(N) || N <- [app_i1, app_i2, app_i3]]] end).
other_calls() -> tries_(application, [{permit, [none, true]}, {permit, [none, false]}, {start_type, []}, {stop, [none]}, {load, [[]]}]).
permit_starts() -> told_(fun() -> ok = application:load(app_(app_pm, #{mod => {?MODULE, x}})), R = [application:permit(app_pm, false), application:start(app_pm), application:permit(app_pm, true), application:permit(app_pm, true), application:stop(app_pm), application:permit(app_pm, false), application:unload(app_pm)], R end).
%% A process that starts an application and one that it starts in turn, which waits for it.
from_start() -> told_(fun() -> ok = application:load(app_(app_f1, #{mod => {?MODULE, {tell, fun() -> tell_({inner, application:start(app_f2), application:get_application(), application:ensure_started(kernel)}), {ok, self_sup_()} end}}})), ok = application:load(app_(app_f2, #{})), R = [application:start(app_f1), application:stop(app_f1), application:stop(app_f2)], [application:unload(A) || A <- [app_f1, app_f2]], R end).
self_sup_() -> spawn_link(fun() -> receive after infinity -> ok end end).
group_leader_of_app() -> told_(fun() -> ok = application:load(app_(app_g, #{mod => {?MODULE, {tell, fun() -> tell_({gl, group_leader() =:= whereis(init), is_pid(group_leader())}), {ok, self_sup_(), st} end}}})), R = [application:start(app_g), is_pid(application_controller:get_master(app_g)), begin {P, M} = application_master:get_child(application_controller:get_master(app_g)), {is_pid(P), M} end, application_controller:get_master(none), application:stop(app_g), application:unload(app_g)], R end).

%% ---- the controller
controller() ->
    ok = application:load(app_(app_q, #{env => [{k, v}]})),
    R = tries_(application_controller, [{get_env, [app_q, k]}, {get_env, [app_q, x, d]}, {get_all_env, [app_q]}, {get_key, [app_q, vsn]}, {get_pid_env, [self(), k]}, {get_pid_key, [self(), vsn]}, {get_pid_all_env, [self()]}, {get_pid_all_key, [self()]}, {get_application, [self()]}, {get_application_module, [?MODULE]}, {get_application_module, [no_such]}, {get_loaded, [app_q]}, {get_loaded, [none]}, {is_running, [app_q]}, {is_running, [kernel]}, {control_application, [none]}, {start_type, [none]},
        {set_env, [[{app_q, [{m, 1}]}], []]}, {set_env, [app_q, a, 1]}, {set_env, [app_q, a, 1, [{timeout, 100}]]}, {unset_env, [app_q, a]}, {unset_env, [app_q, a, []]}, {load_application, [app_q]}, {start_application, [none, temporary]}, {stop_application, [none]}, {unload_application, [none]}, {permit_application, [none, true]}, {which_applications, [-1]}, {get_all_key, [none]}, {unload_application, [app_q]}]),
    {R, [lists:sort([A || {A, _, _} <- application_controller:which_applications()]) =:= lists:sort([A || {A, _, _} <- application:which_applications()]), is_list(application_controller:loaded_applications())]}.
changes() -> told_(fun() ->
    ok = application:load(app_(app_h, #{mod => {?MODULE, {tell, sup}}, env => [{a, 1}, {b, 2}]})), ok = application:start(app_h), receive {kid, _, _, _, _, _, _} -> ok after 5000 -> none end,
    Before = application_controller:prep_config_change(), Old = lists:keyfind(app_h, 1, Before),
    R = [application_controller:change_application_data([app_(app_h, #{vsn => "1.3", mod => {?MODULE, {tell, sup}}, env => [{b, 3}, {c, 4}]})], [{app_h, [{d, 5}]}]), application_controller:config_change(Before), lists:sort(application:get_all_env(app_h)), application:get_key(app_h, vsn), application_controller:do_config_diff([{a, 1}, {b, 2}], [{b, 3}, {c, 1}]), Old =/= false, application:stop(app_h), application:unload(app_h)],
    R end).
formatted() -> [unicode:characters_to_list(case F of {C, X} -> io_lib:format(C, X); S -> S end) || R <- [#{label => {application_controller, exit}, report => [{application, a}, {exited, {bad, [x]}}, {type, temporary}]}, #{label => {application_controller, progress}, report => [{application, a}, {started_at, n@h}]}], F <- [application_controller:format_log(R)] ++ [application_controller:format_log(R, #{depth => D, chars_limit => L, single_line => S}) || D <- [unlimited, 3], L <- [unlimited, 20], S <- [true, false]]].
%% What is logged of an application's end.
logged() ->
    ok = logger:add_handler(app_cases, ?MODULE, #{config => self(), level => all}), Old = logger:get_primary_config(), {ok, #{level := Shown}} = logger:get_handler_config(default), logger:set_handler_config(default, level, none), logger:set_primary_config(level, all),
    ok = application:load(app_(app_lg, #{mod => {?MODULE, {tell, dies}}})), ok = application:start(app_lg), application_case_top ! {stop, bad_luck}, A = event_(), application:unload(app_lg),
    ok = application:load(app_(app_lg, #{mod => {?MODULE, {tell, {error, no_way}}}})), {error, _} = application:start(app_lg), B = event_(), application:unload(app_lg),
    logger:set_primary_config(Old), logger:set_handler_config(default, level, Shown), logger:remove_handler(app_cases),
    {A, B}.
event_() -> receive {app_event, E} -> plain(E) after 5000 -> none end.
log(#{msg := {report, #{label := {application_controller, exit}} = R}, level := L}, #{config := P}) -> P ! {app_event, {L, sorted(R)}}, ok;
log(_, _) -> ok.
