%% SPDX-License-Identifier: Apache-2.0
%% What test_charges.c runs: makes N pieces of a kind and holds them until it is told to drop them.
-module(charges_target).
-export([make/2, kinds/0]).

kinds() ->
    [heap, messages, own_messages, downs, binaries, links, monitors, aliases, dictionary, tables, objects, ordered_objects, fixes, heirs,
     persistent, timers, environment, match_specs, patterns, port_queue, port_data, buffers, zlib, zlib_input, atomics, ram_files, sessions,
     trace_patterns, requests, processes].

make(Kind, N) ->
    Drop = kind(Kind, N),
    receive stop -> Drop() end,
    ok.

none() -> fun() -> ok end.

%% To a process that does not read them.
to_deaf(N, Send) ->
    Deaf = spawn(fun() -> receive never -> ok end end),
    true = erlang:suspend_process(Deaf),
    each(N, fun(I) -> Send(Deaf, I) end),
    fun() -> ended(Deaf) end.

ended(Pid) ->
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end.

each(0, _) -> ok;
each(N, Fun) -> Fun(N), each(N - 1, Fun).

%% A list that stays on the stack of who waits.
held(N, Make) ->
    Held = build(N, Make, []),
    fun() -> length(Held) end.

build(0, _, L) -> L;
build(N, Make, L) -> build(N - 1, Make, [Make(N) | L]).

kind(heap, N) -> held(N, fun(I) -> {I, I, I} end);
kind(messages, N) -> to_deaf(N, fun(Deaf, I) -> Deaf ! {a, message, I} end);
kind(own_messages, N) -> each(N, fun(I) -> self() ! {own, I} end), none();
kind(downs, N) ->
    Ended = spawn(fun() -> ok end),
    ended(Ended),
    to_end(N, fun(_) -> monitor(process, Ended) end);
kind(binaries, N) -> held(N, fun(I) -> <<I:800>> end);
kind(links, N) ->
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists_seq(N)],
    [link(Pid) || Pid <- Pids],
    fun() -> [unlink(Pid) || Pid <- Pids], [ended(Pid) || Pid <- Pids], ok end;
kind(monitors, N) ->
    Other = spawn(fun() -> receive stop -> ok end end),
    each(N, fun(_) -> monitor(process, Other) end),
    fun() -> ended(Other) end;
kind(aliases, N) -> held(N, fun(_) -> alias() end);
kind(dictionary, N) -> each(N, fun(I) -> put(I, I) end), none();
kind(tables, N) -> each(N, fun(_) -> ets:new(t, []) end), none();
kind(objects, N) ->
    T = ets:new(t, [public]),
    each(N, fun(I) -> ets:insert(T, {I, some, object}) end),
    none();
kind(ordered_objects, N) ->
    T = ets:new(t, [public, ordered_set]),
    each(N, fun(I) -> ets:insert(T, {I, some, object}) end),
    none();
kind(fixes, N) -> each(N, fun(_) -> ets:safe_fixtable(ets:new(t, []), true) end), none();
kind(heirs, N) -> each(N, fun(I) -> ets:new(t, [{heir, whereis(init), {some, heritage, I}}]) end), fun() -> [ets:setopts(T, {heir, none}) || T <- ets:all(), ets:info(T, owner) =:= self()] end;
kind(persistent, N) ->
    each(N, fun(I) -> persistent_term:put({some, I}, {some, value, I}) end),
    fun() -> each(N, fun(I) -> persistent_term:erase({some, I}) end) end;
kind(timers, N) ->
    Timers = build(N, fun(I) -> erlang:send_after(1000000, self(), {tick, I}) end, []),
    fun() -> [erlang:cancel_timer(T) || T <- Timers], ok end;
kind(environment, N) ->
    each(N, fun(I) -> os:putenv("SOME_NAME_" ++ integer_to_list(I), "some value") end),
    fun() -> each(N, fun(I) -> os:unsetenv("SOME_NAME_" ++ integer_to_list(I)) end) end;
kind(match_specs, N) -> held(N, fun(I) -> ets:match_spec_compile([{{'$1', I}, [{'>', '$1', 3}], ['$_']}]) end);
kind(patterns, N) ->
    %% They are kept for whoever asks for the same, and the oldest go.
    each(N, fun(I) -> re:compile(["(a|b)+", integer_to_list(I)]) end),
    none();
kind(port_queue, N) ->
    Port = open_port({spawn_executable, "/bin/sleep"}, [{args, ["1000"]}, binary]),
    %% Who sends stops there, since the port has more than it can write at once.
    Feeder = spawn(fun() -> port_connect(Port, self()), Port ! {self(), {command, <<0:(N * 8000)>>}}, receive stop -> ok end end),
    fun() -> unlink(Port), exit(Port, kill), ended(Feeder) end;
kind(port_data, N) ->
    Port = open_port({spawn_executable, "/bin/cat"}, [binary]),
    erlang:port_set_data(Port, build(N, fun(I) -> {some, I} end, [])),
    fun() -> port_close(Port) end;
kind(buffers, N) -> held(N, fun(_) -> prim_buffer:new() end);
kind(zlib, N) -> held(N, fun(_) -> Z = zlib:open(), zlib:deflateInit(Z), Z end);
kind(zlib_input, N) ->
    Z = zlib:open(),
    zlib:inflateInit(Z),
    Packed = zlib:compress([<<(erlang:phash2({I, K}, 1 bsl 32)):32>> || I <- lists_seq(N), K <- lists_seq(100)]),
    zlib:safeInflate(Z, Packed),
    fun() -> zlib:close(Z) end;
kind(atomics, N) -> held(N, fun(_) -> atomics:new(10, []) end);
kind(ram_files, N) -> held(N, fun(_) -> {ok, Fd} = ram_file:open(<<0:8000>>, [ram, binary, read, write]), Fd end);
kind(sessions, N) -> held(N, fun(_) -> erts_internal:trace_session_create(s, self(), []) end);
kind(trace_patterns, N) ->
    erlang:trace_pattern({?MODULE, kind, 2}, [{['_', I], [], [{return_trace}]} || I <- lists_seq(N)], [local]),
    fun() -> erlang:trace_pattern({?MODULE, kind, 2}, false, [local]) end;
kind(requests, N) ->
    to_deaf(N, fun(Deaf, I) -> erts_internal:request_system_task(Deaf, normal, {garbage_collect, I, major}) end);
kind(processes, N) ->
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists_seq(N)],
    fun() -> [ended(Pid) || Pid <- Pids], ok end.

to_end(N, Fun) -> each(N, Fun), none().

lists_seq(N) -> build(N, fun(I) -> I end, []).
