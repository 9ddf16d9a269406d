%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% What programs ask of kernel and stdlib in a node that has booted: applications, code, logger, timers, names, files, evaluation.
-module(booted_cases).
-compile([nowarn_export_all, export_all, nowarn_deprecated_function, nowarn_deprecated_catch]).
-import(conformance, [id/1, err/1, in_process/1, take/0, flush/0]).
-export([log/2, init/1, handle_call/3, handle_cast/2, handle_info/2, start/2, stop/1]).

%% ---- applications, code
running() -> lists:sort([A || {A, _, _} <- application:which_applications()]).
loaded_app() -> {ok, Ms} = application:get_key(stdlib, modules), {lists:member(lists, Ms), application:get_key(kernel, registered) =/= undefined, application:get_application(lists), application:get_application(no_module)}.
app_env() -> application:set_env(kernel, my_key, {a, 1}), R = [application:get_env(kernel, my_key), application:get_env(kernel, none), application:get_env(kernel, none, 7), application:unset_env(kernel, my_key), application:get_env(kernel, my_key)], R.
make_app_() -> {application, cases_app, [{vsn, "1.2"}, {modules, [booted_cases]}, {registered, []}, {applications, [kernel, stdlib]}, {mod, {booted_cases, [x]}}, {env, [{k, v}]}]}.
start(_, [x]) -> supervisor:start_link(?MODULE, top).
stop(_) -> ok.
app_life() ->
    R = [application:load(make_app_()), application:load(make_app_()), application:start(cases_app), application:start(cases_app),
         lists:keymember(cases_app, 1, application:which_applications()), application:get_env(cases_app, k), application:get_all_env(cases_app),
         application:stop(cases_app), application:stop(cases_app), application:unload(cases_app), application:start(cases_app)],
    R.
app_missing() -> {application:start(no_such_app), application:ensure_all_started(no_such_app)}.
app_dependency() -> application:load({application, cases_dep, [{vsn, "1"}, {modules, []}, {registered, []}, {applications, [kernel, not_there]}]}), R = {application:start(cases_dep), application:ensure_all_started(cases_dep)}, application:unload(cases_dep), R.
ensure_started() -> {ok, L} = application:ensure_all_started(runtime_tools), R = {lists:member(runtime_tools, L), application:stop(runtime_tools)}, R.
code_which() -> [filename:basename(code:which(lists)), code:which(erlang), code:which(no_module), code:is_loaded(no_module), element(1, code:is_loaded(lists)), code:ensure_loaded(queue), code:ensure_loaded(no_module), code:get_mode() =/= none].
code_dirs() -> [filename:basename(code:lib_dir(stdlib)) =:= "stdlib-" ++ vsn_(stdlib), code:lib_dir(no_app), filename:basename(code:priv_dir(kernel)), is_list(code:root_dir()), code:lib_dir(stdlib, ebin) =:= filename:join(code:lib_dir(stdlib), "ebin")].
vsn_(A) -> {ok, V} = application:get_key(A, vsn), V.
code_path() -> P = code:get_path(), R = [code:add_patha("/tmp"), hd(code:get_path()), code:del_path("/tmp"), code:add_path("/no/such/folder"), code:get_path() =:= P], R.
code_load_binary() -> {ok, M, B} = compile:forms([{attribute, 1, module, bc_one}, {attribute, 1, export, [{f, 0}]}, {function, 1, f, 0, [{clause, 1, [], [], [{atom, 1, one}]}]}]), R = [code:load_binary(M, "bc_one.beam", B), bc_one:f(), code:which(bc_one), code:is_loaded(bc_one), code:delete(bc_one), code:purge(bc_one), code:is_loaded(bc_one), code:soft_purge(bc_one)], R.
code_load_file() -> D = dir_("code"), {ok, M, B} = compile:forms([{attribute, 1, module, bc_two}, {attribute, 1, export, [{f, 0}]}, {function, 1, f, 0, [{clause, 1, [], [], [{atom, 1, two}]}]}]), ok = file:write_file(filename:join(D, "bc_two.beam"), B), F = filename:join(D, "bc_two"), R = [code:load_abs(F), bc_two:f(), filename:basename(code:which(M)), code:load_file(bc_two), code:add_patha(D), code:load_file(bc_two), code:modified_modules() =:= [], code:module_status(bc_two), code:del_path(D), code:purge(bc_two), code:delete(bc_two), code:purge(bc_two)], R.
code_bad_binary() -> [code:load_binary(bc_bad, "x", <<"no beam">>), element(1, err(fun() -> code:load_binary(bc_bad, "x", id(a)) end)), code:load_abs("/tmp/no_such_beam")].
code_clash() -> [is_list(code:all_loaded()), length(code:all_available()) > 100, code:is_sticky(lists), code:is_sticky(booted_cases), code:load_binary(lists, "x", id(<<>>))].
code_all_modules_load() -> [M || A <- [stdlib], {ok, Ms} <- [application:get_key(A, modules)], M <- Ms, {error, _} <- [code:ensure_loaded(M)]].
code_all_kernel_loads() -> {ok, Ms} = application:get_key(kernel, modules), [M || M <- Ms, {error, _} <- [code:ensure_loaded(M)]].
init_args() -> [init:get_argument(no_such_flag), element(1, init:get_argument(root)), init:get_plain_arguments(), init:get_status()].

%% ---- logger
log(Event, #{config := Pid}) -> Pid ! {logged, maps:get(level, Event), maps:get(msg, Event), maps:get(x, maps:get(meta, Event), none)}, ok.
logged_(F) ->
    ok = logger:add_handler(cases, ?MODULE, #{config => self(), level => all}),
    Old = logger:get_primary_config(),
    logger:set_primary_config(level, all),
    F(),
    logger:set_primary_config(Old),
    logger:remove_handler(cases),
    all_().
all_() -> receive {logged, L, M, X} -> [{L, M, X} | all_()] after 0 -> [] end.
logger_levels() -> logged_(fun() -> logger:debug("a ~p", [1]), logger:info("b"), logger:notice(#{k => v}), logger:warning([{a, 1}]), logger:error("e", #{x => 1}), logger:log(critical, "c ~s", ["x"], #{x => 2}), logger:alert("f"), logger:emergency("g") end).
logger_metadata() -> logged_(fun() -> logger:set_process_metadata(#{x => 5}), logger:info("with"), logger:update_process_metadata(#{y => 1}), logger:info("still", #{x => 6}), logger:unset_process_metadata(), logger:info("without") end).
logger_levels_by_module() -> logged_(fun() -> logger:set_module_level(?MODULE, error), logger:log(info, "not seen", [], #{mfa => {?MODULE, f, 0}}), logger:log(error, "seen", [], #{mfa => {?MODULE, f, 0}}), logger:unset_module_level(?MODULE) end).
logger_filters() -> logged_(fun() -> logger:add_handler_filter(cases, no_info, {fun(#{level := info}, _) -> stop; (E, _) -> E end, []}), logger:info("stopped"), logger:warning("passes"), logger:remove_handler_filter(cases, no_info), logger:info("now") end).
logger_config() -> [logger:compare_levels(info, error), logger:compare_levels(error, error), element(1, logger:get_handler_config(no_handler)), logger:add_handler(bad, no_such_module, #{}), lists:sort(maps:keys(logger:get_primary_config()))].
logger_crash() -> L = logged_(fun() -> {P, M} = spawn_monitor(fun() -> error(oops) end), receive {'DOWN', M, process, P, _} -> ok end, (fun W(0) -> ok; W(N) -> case process_info(self(), message_queue_len) of {_, 0} -> timer:sleep(5), W(N - 1); _ -> ok end end)(400) end), [{Level, element(1, Msg)} || {Level, Msg, _} <- L].
formatter() -> [unicode:characters_to_list(logger_formatter:format(#{level => L, msg => M, meta => #{time => 0, pid => x, mfa => {m, f, 1}, line => 3}}, #{template => [level, " ", mfa, ":", line, " ", msg, "\n"], single_line => S})) || L <- [info, error], M <- [{"~p and ~ts", [a, "é"]}, {string, "text\nmore"}, {report, #{a => 1}}, {report, [{a, 1}, {b, "c"}]}], S <- [true, false]].
formatter_times() -> [lists:flatten(logger_formatter:format(#{level => info, msg => {string, "m"}, meta => #{time => T}}, #{template => [time, " ", msg], time_offset => O})) || T <- [0, 1234567890123456], O <- ["Z", "+02:00", 3600000000]].

%% ---- timers, names, processes
timer_calls() -> S = self(), {ok, _} = timer:send_after(1, S, one), {ok, T} = timer:send_interval(1, S, two), X = [receive one -> 1 end, receive two -> 2 end, receive two -> 2 end], {ok, cancel} = timer:cancel(T), {ok, _} = timer:apply_after(1, erlang, send, [S, three]), Y = receive three -> 3 end, {X, Y, element(2, timer:tc(fun() -> x end)), timer:hms(1, 2, 3), element(1, err(fun() -> timer:sleep(id(a)) end))}.
global_names() -> R = [global:register_name(cases_name, self()), global:whereis_name(cases_name) =:= self(), global:register_name(cases_name, self()), global:send(cases_name, hello) =:= self(), take(), global:registered_names(), global:unregister_name(cases_name), global:whereis_name(cases_name), element(1, err(fun() -> global:send(cases_name, x) end))], R.
global_lock() -> [global:set_lock({cases, self()}), in_process(fun() -> global:set_lock({cases, self()}, [node()], 0) end), global:del_lock({cases, self()}), global:trans({cases, self()}, fun() -> done end)].
pg_groups() -> {ok, _} = pg:start(cases_scope), R = [pg:join(cases_scope, g, self()), pg:get_members(cases_scope, g) =:= [self()], pg:which_groups(cases_scope), pg:leave(cases_scope, g, self()), pg:get_members(cases_scope, g), pg:leave(cases_scope, g, self())], gen_server:stop(cases_scope), R.
rpc_calls() -> [rpc:call(node(), lists, reverse, [[1, 2, 3]]), rpc:call(node(), erlang, error, [x]) =/= ok, erpc:call(node(), fun() -> 7 end), err(fun() -> erpc:call(node(), erlang, throw, [ball]) end), element(1, err(fun() -> erpc:call(node(), erlang, error, [bad]) end)), rpc:multicall([node()], erlang, abs, [-1]), rpc:yield(rpc:async_call(node(), lists, sum, [[1, 2]]))].
spawn_elsewhere() ->
    R = [err(fun() -> erlang:spawn_request('x@where', a, b, [], id(O)) end) =/= x || O <- [[], [foo], [{reply, no}], [monitor, {reply_tag, t}]]],
    Ms = [case take() of {T, Ref, E, W} when is_reference(Ref) -> {T, E, W}; none -> none; X -> X end || _ <- [1, 2, 3]],
    {length(R), Ms, err(fun() -> erlang:spawn_request('x@where', id(1), b, [], []) end), err(fun() -> spawn_opt('x@where', a, b, [], [id(foo)]) end),
     begin {P, M} = spawn_opt('x@where', a, b, [], [monitor]), receive {'DOWN', M, process, P, W1} -> W1 end end}.
rpc_other_node() -> [rpc:call('no@where', a, b, []), net_adm:ping('no@where'), element(2, err(fun() -> erpc:call('no@where', a, b, []) end)), nodes(), node(), net_kernel:stop()].
init(top) -> {ok, {{one_for_one, 3, 10}, []}};
init(kids) -> {ok, {#{strategy => rest_for_one, intensity => 5, period => 10}, [#{id => I, start => {gen_server, start_link, [?MODULE, {server, I}, []]}} || I <- [a, b, c]]}};
init({server, I}) -> {ok, I}.
handle_call(stop, _, S) -> {stop, asked, stopping, S};
handle_call(get, _, S) -> {reply, S, S};
handle_call({later, T}, _, S) -> {noreply, S, T}.
handle_cast(_, S) -> {noreply, S}.
handle_info(timeout, S) -> {stop, normal, S};
handle_info(_, S) -> {noreply, S}.
supervisor_tree() -> in_process(fun() -> {ok, S} = supervisor:start_link(?MODULE, kids), P0 = kids_(S), M = [monitor(process, P) || {_, P} <- P0], exit(proplists:get_value(b, P0), kill), [receive {'DOWN', X, process, _, _} -> ok end || X <- tl(lists:reverse(lists:reverse(M)))], P1 = (fun W() -> K = kids_(S), case length([x || {_, P} <- K, is_pid(P)]) of 3 -> K; _ -> W() end end)(), {[I || {I, P} <- P1, P =:= proplists:get_value(I, P0)], supervisor:count_children(S), supervisor:terminate_child(S, a), supervisor:restart_child(S, a) =/= error, supervisor:delete_child(S, b), supervisor:get_childspec(S, zz)} end).
kids_(S) -> lists:sort([{I, P} || {I, P, _, _} <- supervisor:which_children(S)]).
sys_calls() -> {ok, P} = gen_server:start(?MODULE, {server, s}, []), R = [sys:get_state(P), sys:replace_state(P, fun(X) -> {X, 1} end), gen_server:call(P, get), sys:suspend(P), element(1, err(fun() -> gen_server:call(P, get, 10) end)), sys:resume(P), sys:statistics(P, true), element(1, sys:statistics(P, get)), sys:log(P, true), gen_server:call(P, get), length(element(2, sys:log(P, get))) > 0, element(1, sys:get_status(P)), err(fun() -> gen_server:call(P, stop) end)], R.

%% ---- files, io, os
dir_(N) -> D = filename:join("/tmp", "beamr_booted_" ++ os:getpid() ++ "_" ++ N), file:del_dir_r(D), ok = filelib:ensure_path(D), D.
consult() -> D = dir_("consult"), F = filename:join(D, "f"), ok = file:write_file(F, <<"{a, 1}.\n[\"é\", <<1,2>>].\n%% c\n#{k => v}.\n"/utf8>>), ok = file:write_file(F ++ "2", "{a, .\n"), ok = file:write_file(F ++ "3", "A = 1, B = A + 1, {A, B}.\n"), R = [file:consult(F), file:consult(F ++ "2"), file:script(F ++ "3"), file:consult(F ++ "none"), file:eval(F ++ "3"), file:path_consult([D], "f") =/= x], file:del_dir_r(D), setelement(2, list_to_tuple(R), x).
io_file() -> D = dir_("io"), F = filename:join(D, "f"), {ok, H} = file:open(F, [write, {encoding, utf8}]), io:format(H, "~ts ~p~n~w.~n", ["häß", {a, "b"}, [1, 2]]), ok = file:close(H), {ok, G} = file:open(F, [read, {encoding, utf8}]), R = [io:get_line(G, ""), io:read(G, ""), io:get_line(G, ""), io:get_chars(G, "", 3), file:position(G, 0), io:fread(G, "", "~s"), io:scan_erl_exprs(G, ""), io:getopts(G)], file:close(G), file:del_dir_r(D), {element(1, list_to_tuple(R)), lists:droplast(lists:droplast(R))}.
os_cmd() -> [os:cmd("echo hello; exit 3"), os:cmd("printf 'a\\303\\251'"), os:cmd("cat", #{max_size => 3}), os:cmd("echo $0x >&2"), os:cmd("no-such-command-here 2>/dev/null")].
os_env() -> [os:putenv("BOOTED_X", "ü"), os:getenv("BOOTED_X"), os:getenv("BOOTED_NONE"), os:getenv("BOOTED_NONE", "d"), os:cmd("printf $BOOTED_X"), os:unsetenv("BOOTED_X"), os:getenv("BOOTED_X"), lists:keymember("PATH", 1, os:env())].
os_find() -> [filename:basename(os:find_executable("sh")), os:find_executable("no-such-thing"), os:type(), is_tuple(os:version())].
tar() -> D = dir_("tar"), ok = file:set_cwd(D), ok = file:write_file("a", "A"), ok = filelib:ensure_path("s/t"), ok = file:write_file("s/t/b", lists:duplicate(5000, $b)), ok = erl_tar:create("x.tar.gz", ["a", "s", {"mem", <<"M">>}], [compressed]), {ok, N} = erl_tar:table("x.tar.gz", [compressed]), ok = erl_tar:extract("x.tar.gz", [compressed, {cwd, "out"}]), {ok, M} = erl_tar:extract("x.tar.gz", [compressed, memory]), R = {lists:sort(N), file:read_file("out/mem"), filelib:wildcard("out/**"), lists:sort([{X, byte_size(B)} || {X, B} <- M])}, file:set_cwd("/"), file:del_dir_r(D), R.
zip_files() -> D = dir_("zip"), ok = file:set_cwd(D), ok = file:write_file("a", "A"), ok = filelib:ensure_path("m"), ok = file:write_file("m/b", "BBBB"), {ok, _} = zip:create("x.zip", ["a", "m/b"]), {ok, L} = zip:list_dir("x.zip"), {ok, M} = zip:extract("x.zip", [memory]), {ok, H} = zip:zip_open("x.zip", [memory]), G = zip:zip_get("m/b", H), zip:zip_close(H), R = {[element(2, F) || F <- L, element(1, F) =:= zip_file], lists:sort(M), G}, file:set_cwd("/"), file:del_dir_r(D), R.
dets_file() -> D = dir_("dets"), F = filename:join(D, "t"), {ok, T} = dets:open_file(t, [{file, F}, {type, bag}]), [dets:insert(T, {N rem 5, N}) || N <- lists:seq(1, 50)], dets:delete(T, 3), ok = dets:close(T), {ok, T} = dets:open_file(t, [{file, F}, {type, bag}]), R = {dets:info(T, size), lists:sort(dets:lookup(T, 2)), lists:sort(dets:match(T, {'$1', 10})), dets:foldl(fun({_, X}, S) -> X + S end, 0, T)}, dets:close(T), file:del_dir_r(D), R.
large_file() -> D = dir_("large"), F = filename:join(D, "f"), {ok, H} = file:open(F, [write, raw, binary, delayed_write]), [ok = file:write(H, <<N:32>>) || N <- lists:seq(1, 20000)], ok = file:close(H), {ok, G} = file:open(F, [read, raw, binary, {read_ahead, 4096}]), R = {length((fun L() -> case file:read(G, 4) of {ok, B} -> [B | L()]; eof -> [] end end)()), file:pread(G, [{0, 4}, {79996, 8}, {90000, 1}])}, file:close(G), file:del_dir_r(D), R.
user_process() -> [is_pid(whereis(user)), element(1, process_info(whereis(user), registered_name)), is_pid(group_leader()), io:columns() =:= {error, enotsup}, element(1, io:rows()), proplists:get_value(binary, io:getopts())].

%% ---- evaluation, compiling
eval_(S) -> {ok, T, _} = erl_scan:string(S), {ok, E} = erl_parse:parse_exprs(T), err(fun() -> {value, V, B} = erl_eval:exprs(E, erl_eval:new_bindings()), {V, lists:sort(erl_eval:bindings(B))} end).
evaluated() -> [eval_(S) || S <- ["X = 1, Y = X + 2, {X, Y}.", "[X * X || X <- lists:seq(1, 5), X rem 2 =:= 1].", "F = fun(0, _) -> 1; (N, G) -> N * G(N - 1, G) end, F(5, F).", "case {a, 1} of {a, N} when N > 0 -> N; _ -> b end.", "try error(x) catch error:E -> {caught, E} end.", "#{a := V} = #{a => 1, b => 2}, V.", "<<A:4, B/bits>> = <<16#AB, 1>>, {A, B}.", "fun F(0) -> 0; F(N) -> F(N - 1) end(10).", "receive x -> 1 after 0 -> none end.", "1 / 0.", "foo:bar(1).", "{1, 2} = {1, 3}.", "maybe ok ?= ok, {ok, Q} ?= {ok, 5}, Q end.", "begin put(k, 1), get(k) end.", "X = 1, X = 2.", "[{A, B} || A <- [1, 2], B <- [a]].", "#{K => V * 2 || K := V <- #{a => 1}}.", "catch throw(t).", "if true -> x end.", "\"a\" \"b\".", "lists:map(fun erlang:abs/1, [-1, 2])."], S =/= "maybe ok ?= ok, {ok, Q} ?= {ok, 5}, Q end."].
compiled() -> T = "-module(bc_three). -export([f/1, g/0]). -record(r, {a = 1, b}). f(X) -> #r{b = X}. g() -> [Y || {ok, Y} <- [{ok, 1}, error, {ok, 2}]].", {ok, Ts, _} = erl_scan:string(T), Fs = forms_(Ts, []), {ok, M, B, W} = compile:forms(Fs, [return, debug_info]), code:load_binary(M, "x", B), {ok, {_, [{abstract_code, {V, _}}]}} = beam_lib:chunks(B, [abstract_code]), R = {bc_three:f(2), bc_three:g(), W, V, lists:sort([C || {C, _} <- element(3, beam_lib:all_chunks(B))]) =/= []}, code:delete(M), code:purge(M), R.
forms_([], []) -> [];
forms_([{dot, _} = D | Ts], Acc) -> {ok, F} = erl_parse:parse_form(lists:reverse([D | Acc])), [F | forms_(Ts, [])];
forms_([T | Ts], Acc) -> forms_(Ts, [T | Acc]).
compile_errors() -> [begin {ok, Ts, _} = erl_scan:string(T), compile:forms(forms_(Ts, []), [return]) end || T <- ["-module(e1). f() -> X.", "-module(e2). -export([f/0]).", "-module(e3). f() -> g(). f() -> 1.", "-module(e4). -export([f/1]). f(X) -> Y = X, 1."]].
parse_errors() -> [{erl_scan:string("'abc"), erl_scan:string("1.2.3"), erl_scan:string("$")}, [begin {ok, T, _} = erl_scan:string(S), erl_parse:parse_exprs(T) end || S <- ["foo(.", "1 + .", "case x of end.", "fun() -> ."]]].
pretty() -> {ok, T, _} = erl_scan:string("f(X, [H | T]) when X > 1, is_list(T) -> case H of {a, B} -> try g(B) catch _:E:S -> {E, S} after done end; _ -> fun(Y) -> Y + X end end; f(_, _) -> #{a => <<\"x\", 1:8/little>>}."), {ok, F} = erl_parse:parse_form(T), [lists:flatten(erl_pp:form(F)), erl_lint:module([{attribute, 1, module, m}, F])].
format_errors() -> [lists:flatten(erl_error:format_exception(C, R, [{m, f, 2, [{file, "m.erl"}, {line, 7}]}])) || {C, R} <- [{error, badarg}, {error, {badmatch, x}}, {exit, gone}, {throw, t}, {error, {case_clause, #{a => 1}}}, {error, function_clause}, {error, {badkey, k}}]].

%% ---- inet without sockets
inet_text() -> [inet:parse_address(A) || A <- ["127.0.0.1", "::1", "fe80::1%1", "1.2.3", "300.1.1.1", "2001:db8::1:0", "::ffff:1.2.3.4", ""]] ++ [inet:ntoa(A) || A <- [{127, 0, 0, 1}, {0, 0, 0, 0, 0, 0, 0, 1}, {8193, 3512, 0, 0, 0, 0, 0, 1}, {1, 2, 3}]] ++ [inet:parse_ipv4strict_address("1.2"), inet:parse_ipv6_address("::")].
%% Off in a node that has just begun, on for whoever asks, off again.
scheduler_times() ->
    A = erlang:statistics(scheduler_wall_time), B = erlang:system_flag(scheduler_wall_time, true), C = erlang:statistics(scheduler_wall_time),
    D = erlang:system_flag(scheduler_wall_time, false), {A, B, [X || {X, Y, Z} <- [hd(lists:sort(C))], Y =< Z], D, erlang:statistics(scheduler_wall_time)}.
