%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% What running OTP's own test suites showed to differ once, each in the smallest form.
-module(suite_cases).
-compile([nowarn_export_all, export_all, nowarn_deprecated_function, nowarn_deprecated_catch]).
-import(conformance, [id/1, err/1]).

%% ---- maps: which of several keys that are not there is named
badkey() ->
    M = id(#{a => 1}), L = maps:from_list([{I, I} || I <- lists:seq(1, 100)]), K = id(3),
    [err(fun() -> M#{3 := 1, z := 4, 2.0 := 2} end), err(fun() -> M#{42.0 := v, 42 := w} end), err(fun() -> M#{42 => u, 42.0 := v, 42 := w} end),
     err(fun() -> M#{1.0 := v, 1.0 => w} end), err(fun() -> M#{{b} := 1, {a} := 2, "c" := 3} end), err(fun() -> L#{2000 := 1, 1000 := 2} end),
     err(fun() -> L#{1.5 := 1, 2000 := 1, <<"x">> := 2} end), err(fun() -> M#{K := 1, 2.0 := 2} end)].

%% ---- sizes of heaps that are set for all processes
max_heap_for_all() ->
    Of = fun(Options) ->
        P = spawn_opt(fun() -> receive never -> ok end end, Options),
        R = process_info(P, max_heap_size),
        exit(P, kill),
        R
    end,
    R = [erlang:system_flag(max_heap_size, #{size => 1000000, kill => false}), erlang:system_info(max_heap_size),
         lists:keyfind(max_heap_size, 1, erlang:system_info(garbage_collection)), Of([]), Of([{max_heap_size, 500000}]),
         Of([{max_heap_size, #{size => 500000, include_shared_binaries => true}}]), Of([{max_heap_size, 0}]),
         err(fun() -> erlang:system_flag(max_heap_size, id(100)) end), err(fun() -> erlang:system_flag(max_heap_size, id(1 bsl 70)) end),
         err(fun() -> erlang:system_flag(max_heap_size, #{kill => true}) end), err(fun() -> erlang:system_flag(max_heap_size, #{size => 0, kill => a}) end),
         err(fun() -> erlang:system_flag(max_heap_size, id(a)) end), erlang:system_flag(max_heap_size, 0)],
    erlang:system_flag(max_heap_size, #{size => 0, kill => true}),
    R ++ [erlang:system_info(max_heap_size)].
max_heap_for_all_kills() ->
    erlang:system_flag(max_heap_size, #{size => 50000, kill => true, error_logger => false}),
    {P, M} = spawn_monitor(fun() -> exit({length, length(lists:seq(1, 1000000))}) end),
    R = receive {'DOWN', M, process, P, Why} -> Why end,
    erlang:system_flag(max_heap_size, #{size => 0, kill => true, error_logger => true}),
    R.

%% ---- system_info, process_flag
info_constants() ->
    [erlang:system_info(I) || I <- [dist, driver_version, dist_buf_busy_limit, heap_sizes, context_reductions]] ++
        [err(fun() -> erlang:system_info({A, B}) end) || A <- [allocator, allocator_sizes], B <- [no_alloc, test_alloc, exec_alloc]].
scheduler_wish() ->
    F = fun(N) -> err(fun() -> process_flag(scheduler, N) end) end,
    O = fun(N) -> err(fun() -> is_pid(spawn_opt(fun() -> ok end, [{scheduler, N}])) end) end,
    [F(1), F(0), F(1), F(-1), F(100000), F(a), F(1), F(0), O(0), O(1), O(-1), O(100000), O(a)].

%% ---- erts_debug's door to the inside
internal_state() ->
    S = fun(K, V) -> err(fun() -> erts_debug:set_internal_state(K, V) end) end,
    G = fun(K) -> err(fun() -> erts_debug:get_internal_state(K) end) end,
    P = spawn(fun() -> receive never -> ok end end),
    logger:set_primary_config(level, none), % that it was opened is told
    R = [G(available_internal_state), S(reds_left, 1), G(reds_left), S(available_internal_state, perhaps), S(available_internal_state, true),
         G(available_internal_state), S(available_internal_state, true), S(reds_left, 10), S(reds_left, a), S(wait, deallocations),
         S(wait, timer_cancellations), S(wait, thread_progress), S(wait, aux_work), S(wait, for_godot), S(no_item, 1), G(no_item),
         G({no_item, 1}), G({process_status, id(a)}), is_integer(element(2, G(reds_left)))],
    M = monitor(process, P),
    exit(P, kill),
    receive {'DOWN', M, _, _, _} -> ok end,
    R ++ [gone_(P, 1000), S(available_internal_state, false), G({process_status, P})].
gone_(_, 0) -> there;
gone_(P, N) ->
    case erts_debug:get_internal_state({process_status, P}) of
        undefined -> gone;
        _ -> erlang:yield(), gone_(P, N - 1)
    end.

%% ---- binaries and texts of numbers
copy_too_often() -> [[err(fun() -> binary:copy(B, N) end) || N <- [1 bsl 63, 1 bsl 64 - 1, 1 bsl 64, 1 bsl 100, -1, -(1 bsl 64), a]] || B <- [<<1, 2, 3>>, <<>>, a, <<1:1>>]].
pattern_of_other_kind() ->
    {bm, One} = binary:compile_pattern([<<1, 2, 3>>]),
    {ac, Many} = binary:compile_pattern([<<1, 2, 3>>, <<4, 5>>]),
    [err(fun() -> binary:F(<<1, 2, 3>>, P) end) || F <- [match, matches, split], P <- [{bm, Many}, {ac, One}, {bm, One}, {ac, Many}, {x, One}, One, {bm, make_ref()}]].
zero_ends_float() -> [[err(fun() -> binary_to_float(B) end), err(fun() -> list_to_float(binary_to_list(B)) end)] || B <- [<<"3.14e+00", 0>>, <<"3.14", 0, 0>>, <<"3.14", 0, "1">>, <<0, "3.14">>, <<"3.14e+", 0>>, <<"3.14", 1>>, <<>>, <<0>>]].

%% ---- atoms: what is behind the last character that fits is not looked at
atoms_too_long() ->
    Two = fun(N) -> binary:copy(<<195, 128>>, N) end,
    Binaries = [<<0:512/unit:8, 255>>, <<0:255/unit:8, 255>>, <<0:256/unit:8>>, <<0:254/unit:8, 255>>, <<0:254/unit:8, 195, 128>>, <<0:255/unit:8, 195, 128>>, <<0:255/unit:8, 195>>, <<0:254/unit:8, 195>>,
        <<0:512/unit:8, 255, 0:8>>, <<255, 0:512/unit:8>>, <<195, 0:300/unit:8>>, Two(255), Two(256), <<(Two(255))/binary, 195>>],
    As = fun(N) -> lists:duplicate(N, $a) end,
    Lists = [As(255), As(256), As(256) ++ [x], As(254) ++ [x], As(300) ++ [-1], [x | As(300)], As(300) ++ x, As(100) ++ x, lists:duplicate(256, 1024), lists:duplicate(256, 16#110000)],
    Length = fun(F, A) -> case err(fun() -> apply(erlang, F, A) end) of {value, V} -> length(atom_to_list(V)); R -> R end end,
    [[[Length(F, [B | A]) || B <- Binaries] || {F, A} <- [{binary_to_atom, []}, {binary_to_atom, [latin1]}, {binary_to_existing_atom, []}, {binary_to_existing_atom, [latin1]}]],
     [[Length(F, [L]) || L <- Lists] || F <- [list_to_atom, list_to_existing_atom]]].

%% ---- tail calls, by name, of what only raises: the trace begins with who makes the call
raise_(1) -> erlang:apply(id(erlang), id(error), id([oops, [apply_last]]));
raise_(2) -> erlang:apply(id(erlang), id(error), id([oops, [apply]])), ok;
raise_(3) -> E = id(error), erlang:E(oops, [x]);
raise_(4) -> E = id(error), erlang:E(oops);
raise_(5) -> (id(fun erlang:error/2))(oops, [y]);
raise_(6) -> erlang:apply(id(fun erlang:error/2), id([oops, [z]]));
raise_(7) -> E = id(error), erlang:E(oops, [x], [{error_info, #{}}]);
raise_(8) -> E = id(exit), erlang:E(oops);
raise_(9) -> E = id(throw), erlang:E(oops);
raise_(10) -> E = id(raise), erlang:E(error, oops, []);
raise_(11) -> E = id(atom_to_list), erlang:E(1);
raise_(12) -> E = id(nif_error), erlang:E(oops, [a]);
raise_(13) -> E = id(error), Y = id(1), id(Y), put(y, Y), erlang:E({oops, Y, id(Y)}, [Y]);
raise_(14) -> erlang:apply(id(erlang), id(nope), [1]);
raise_(15) -> erlang:apply(id(erlang), id(exit), id([a, b])).
raises_(N) -> raise_(N), id(ok).
raised_by_name() -> [try raises_(N) catch C:E:S -> {C, E, [{M, F, A} || {M, F, A, _} <- lists:sublist(S, 3)]} end || N <- lists:seq(1, 15)].
raised_first() -> [begin {P, M} = spawn_monitor(erlang, F, A), receive {'DOWN', M, process, P, R} -> R end end || {F, A} <- [{exit, [oops]}, {apply, [erlang, exit, [oops]]}]].

%% ---- what else
builtin() -> [erlang:is_builtin(erlang, F, A) || {F, A} <- [{apply, 1}, {apply, 2}, {apply, 3}, {apply, 4}, {yield, 0}, {self, 0}, {no, 0}]].
max_integer() -> M = erlang:system_info(max_integer), [err(fun() -> M + 1 end), M band (M - 1) =:= M - 1, erlang:phash2(M), err(fun() -> erlang:system_info(min_integer) end)].
max_heap_of_binaries() ->
    Grow = fun G(A, 0) -> length(A); G(A, N) -> receive after 1 -> ok end, G([lists:foldl(fun(_, B) -> <<B/binary, 0:8000>> end, <<>>, lists:seq(1, 160)) | A], N - 1) end,
    [begin
         {P, M} = spawn_opt(fun() -> exit({kept, Grow([], N)}) end, [monitor, {max_heap_size, O#{error_logger => false}}]),
         receive {'DOWN', M, process, P, R} -> R end
     end || {N, O} <- [{10, #{size => 2024, include_shared_binaries => true}}, {10, #{size => 2024, include_shared_binaries => false, kill => false}}, {10, #{size => 100000, include_shared_binaries => true}}, {10, #{size => 10000000, include_shared_binaries => true}}]].

%% ---- a receive that ends by an exception leaves the next one at the first message
receive_bad_timeout() ->
    R = make_ref(),
    self() ! init,
    A = err(fun() -> receive blipp -> ok after blupp -> ok end end),
    B = receive init -> ok after 1000 -> lost end,
    self() ! init2,
    C = err(fun() -> receive blapp -> ok after id(1 bsl 40) -> ok end end),
    Ref = make_ref(),
    self() ! Ref,
    D = receive init2 -> ok after 1000 -> lost end,
    [A, B, C, D, receive Ref -> ok after 1000 -> lost end, receive R -> found after 0 -> none end].

%% ---- funs of code that is not loaded, read from bytes: made, and calling one loads the code
lost_module_(N) ->
    {ok, lost_funs, B} = compile:forms([{attribute, 1, module, lost_funs}, {attribute, 1, export, [{f, 1}]},
        {function, 1, f, 1, [{clause, 1, [{var, 1, 'X'}], [], [{'fun', 1, {clauses, [{clause, 1, [{var, 1, 'Y'}], [], [{tuple, 1, [{integer, 1, N}, {var, 1, 'X'}, {var, 1, 'Y'}]}]}]}}]}]}]),
    B.
lost_load_(B) -> {module, lost_funs} = code:load_binary(lost_funs, "/nowhere/lost_funs.beam", B).
lost_gone_() -> {code:delete(lost_funs), code:purge(lost_funs)}.
lost_call_(F, A) -> case err(fun() -> apply(F, A) end) of {error, {badfun, G}} when is_function(G) -> badfun; {error, {badarity, {G, Args}}} when is_function(G) -> {badarity, Args}; R -> R end.
lost_funs() ->
    [One, Two] = [lost_module_(N) || N <- [1, 2]],
    lost_load_(One),
    Bytes = term_to_binary(apply(lost_funs, f, [a])),
    Hash = erlang:phash2(apply(lost_funs, f, [a])),
    lost_gone_(),
    F = binary_to_term(Bytes),
    A = [is_function(F), is_function(F, 1), is_function(F, 2), [element(2, erlang:fun_info(F, I)) || I <- [module, arity, env, type, name, index]], term_to_binary(F) =:= Bytes, erlang:phash2(F) =:= Hash,
         F =:= binary_to_term(Bytes), lost_call_(F, [2]), lost_call_(F, [2, 3])],
    lost_load_(Two),
    B = [lost_call_(F, [3]), lost_call_(binary_to_term(Bytes), [3])],
    lost_gone_(),
    lost_load_(One),
    C = [lost_call_(F, [4]), lost_call_(binary_to_term(Bytes), [4]), F =:= apply(lost_funs, f, [a])],
    Dir = filename:join("/tmp", "lost_funs_" ++ os:getpid()),
    ok = file:make_dir(Dir),
    File = filename:join(Dir, "lost_funs.beam"),
    ok = file:write_file(File, One),
    true = code:add_patha(Dir),
    lost_gone_(),
    D = [lost_call_(binary_to_term(Bytes), [5]), element(1, code:is_loaded(lost_funs))],
    lost_gone_(),
    E = [lists:map(binary_to_term(Bytes), [1, 2]), lost_call_(binary_to_term(Bytes, [safe]), [6])],
    code:del_path(Dir),
    lost_gone_(),
    file:delete(File),
    file:del_dir(Dir),
    [A, B, C, D, E].

%% ---- what a sensitive process holds is not told, not even to itself
sensitive_ask_(P) -> [process_info(P, I) || I <- [dictionary, messages, message_queue_len, {dictionary, a}, backtrace, registered_name, trap_exit]] ++ [lists:keyfind(K, 1, process_info(P)) || K <- [dictionary, messages, message_queue_len]].
sensitive() ->
    S = self(),
    P = spawn(fun() -> put(a, b), self() ! x, process_flag(sensitive, true), S ! {itself, sensitive_ask_(self())}, receive open -> ok end, process_flag(sensitive, false), S ! opened, receive never -> ok end end),
    A = receive {itself, L} -> L end,
    B = sensitive_ask_(P),
    P ! open,
    receive opened -> ok end,
    C = [process_info(P, I) || I <- [dictionary, messages, {dictionary, a}]],
    {backtrace, Text} = process_info(P, backtrace),
    exit(P, kill),
    [A, B, C, byte_size(Text) > 20].

%% ---- what is left over at an error: a list of one binary is that binary
unicode_left_over() ->
    [[unicode:characters_to_binary(X, In, Out) || X <- [[<<255, 254>>], ["a", <<255, 254>>], [[<<255, 254>>]], [<<255, 254>> | <<"x">>], [<<255>>, <<"x">>], [<<255>>, []], [[], <<255>>], ["a" | <<255>>], [<<"ab", 195>>], [<<"ab">>, <<"cd", 255>>]]]
     || {In, Out} <- [{utf8, utf8}, {unicode, unicode}, {utf8, latin1}, {utf8, utf16}, {latin1, utf8}]].
