%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% Every function of a module with every combination of some arguments, right ones and wrong ones: values, exceptions, and what
%% error_info has OTP say of them. See conformance:matrix/3; tests/conformance/rows shows what differs.
-module(matrix_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function]).
-import(conformance, [id/1, matrix/2, matrix/3]).

%% ---- lists and what is built of them
lists_pool_() -> [[3, 1, 2], 1, [{a, 1}, {b, 2}, {a, 3}], fun(X) -> X end, fun(X, Y) -> X =< Y end, [], 2, {a, 1}, [1 | 2], a, "hello", [[1], [2, 3]], [{b, x, 1}], fun(_) -> true end, -1, <<"x">>].
lists_1() -> matrix(lists, [F || {F, A} <- lists:module_info(exports), A =:= 1], lists_pool_()).
lists_2() -> matrix(lists, [{F, 2} || {F, A} <- lists:module_info(exports), A =:= 2], lists_pool_()).
lists_3() -> matrix(lists, [{F, 3} || {F, A} <- lists:module_info(exports), A =:= 3], lists_pool_()).
lists_4() -> matrix(lists, [{F, A} || {F, A} <- lists:module_info(exports), A > 3], lists_pool_()).
proplists() -> matrix(proplists, {but, [get_keys]}, [[{a, 1}, b, {c, 2, 3}, {a, 2}], a, [], b, [{a, b}], x, [a | b], [{b, [c]}], [a, b], 1, {a, 1}]).
proplists_keys() -> [lists:sort(proplists:get_keys(L)) || L <- [[a, {b, 1}, {a, 2}, {c, 1, 2}], [], [1, {x}]]].
orddict() -> matrix(orddict, [[{a, 1}, {b, 2}], a, fun(_, V) -> V end, [], [{b, 3}, {c, 4}], c, fun(X) -> [X] end, fun(_, X, Y) -> {X, Y} end, 1, [{b, 1}, {a, 2}], foo]).
ordsets() -> matrix(ordsets, [[a, b, c], a, [], [b, d], fun(X) -> X =:= a end, fun(X, Y) -> {X, Y} end, [[a], [b, c]], 1, [c, a], {x}, foo]).
sets() -> matrix(sets, [sets:from_list([1, 2, 3], [{version, 2}]), 1, [], [2, 4], sets:from_list([2, 7, 1]), fun(X) -> X =:= 1 end, fun(X, Y) -> {X, Y} end, [sets:new([{version, 2}]), sets:from_list([z])], 1, [{version, 2}], [{version, 1}], foo]).
dict() -> matrix(dict, [dict:from_list([{a, 1}, {b, [2]}]), a, fun(_, V) -> V end, [], dict:from_list([{b, 3}, {c, 4}]), [{x, 1}], fun(X) -> [X] end, fun(_, X, Y) -> {X, Y} end, 1, foo]).
gb_sets() -> matrix(gb_sets, [gb_sets:from_list([a, b, c]), a, gb_sets:empty(), [b, d], gb_sets:from_list([b, 1.0, d]), fun(X) -> X =:= a end, fun(X, Y) -> {X, Y} end, [gb_sets:new(), gb_sets:singleton(z)], gb_sets:iterator(gb_sets:from_list([x, y])), 1, reversed, foo]).
gb_trees() -> matrix(gb_trees, [gb_trees:from_orddict([{a, 1}, {b, 2}]), a, gb_trees:empty(), b, [{x, 1}], fun(_, V) -> {V} end, fun(X) -> {X} end, gb_trees:iterator(gb_trees:from_orddict([{x, 1}])), z, 1, reversed, foo]).
queue() -> matrix(queue, [queue:from_list([1, 2, 3]), 2, queue:new(), fun(X) -> X > 1 end, fun(X, A) -> {X, A} end, queue:from_list([a]), [], -1, 7, [4, 5], foo, {[1], [2]}]).
array() -> matrix(array, [array:from_list([a, b, c]), 1, fun(_, V) -> {V} end, array:new(5, [{default, x}]), 7, -1, [{0, a}, {3, b}], fun(_, V, A) -> [V | A] end, [], {default, z}, [fixed, {size, 3}], foo]).
digraph_utils() -> [begin D = digraph:new(), [digraph:add_vertex(D, V) || V <- [1, 2, 3, 4]], [digraph:add_edge(D, A, B) || {A, B} <- [{1, 2}, {2, 3}, {3, 1}, {3, 4}]], R = (catch lists:sort(lists:flatten([digraph_utils:F(D)]))), digraph:delete(D), {F, case R of {'EXIT', _} -> exits; [G | _] when is_tuple(G) -> a_graph; _ -> R end} end || F <- [arborescence_root, components, cyclic_strong_components, is_acyclic, is_arborescence, is_tree, loop_vertices, postorder, preorder, strong_components, topsort, condensation]].
sofs() -> matrix(sofs, {but, [module_info]}, [sofs:relation([{a, 1}, {b, 2}, {c, 1}]), sofs:set([a, b]), fun(X) -> X end, sofs:from_term([[a], [b, c]]), 1, {external, fun(X) -> X end}, sofs:family([{a, [1]}, {b, [2, 3]}]), [a], [{a, 1}], sofs:relation([{1, x}]), sofs:empty_set(), foo]).

%% ---- maps, numbers, chance
maps_pool_() -> [#{1 => a, 2 => b}, 1, fun(_, V) -> V end, #{}, [{1, 3}, {3, 4}], a, fun(_, V, _) -> {V} end, fun(_) -> true end, #{2 => x, 5 => y}, [1, 2], fun(_, _) -> {true, z} end, [{1, 1} | x], maps:iterator(#{k => v}), reversed, undefined].
maps() -> matrix(maps, maps_pool_()).
math() -> matrix(math, {but, [acosh, asinh, atanh, erf, erfc]}, [0, 1, -1, 2.5, -0.5, 0.0, 1.0e300, 1 bsl 70, 1 bsl 2000, a, -0.0, 100]).
rand() -> [{element(1, rand:uniform_s(S)), element(1, rand:uniform_s(1000, S)), element(1, rand:uniform_real_s(S)), element(1, rand:normal_s(S)), element(1, rand:normal_s(1.5, 2.0, S)), element(1, rand:bytes_s(9, S)), element(1, rand:uniform_s(1 bsl 70, S)), (catch element(1, rand:uniform_s(jump_(S)))), rand:seed_s(rand:export_seed_s(S)) =:= S} || S <- rand_states_()].
jump_(S) -> rand:jump(S).
math_rounded() -> [{F, X, catch round(math:F(X) * 1.0e9)} || F <- [acosh, asinh, atanh, erf, erfc], X <- [0, 1, -1, 2.5, -0.5, 0.9, 100.0, a]].
rand_states_() -> [rand:seed_s(A, {1, 2, 3}) || A <- [exsss, exro928ss, exrop, exsp, exs1024s, exs64, exsplus, exs1024]].
rand_more() -> [begin {V, _} = rand:shuffle_s(id(L), rand:seed_s(exsss, 7)), V end || L <- [[], [a], lists:seq(1, 30)], erlang:function_exported(rand, shuffle_s, 2)] ++ [rand:mwc59(1), rand:mwc59_value(12345), rand:mwc59_value32(12345), rand:mwc59_float(12345), rand:mwc59_full_value(12345) =/= x, rand:mwc59_seed(9), rand:splitmix64_next(5), rand:exsp_next(element(2, {a, [1 | 2]})), rand:exsp_jump([1 | 2]), rand:exro928_next_state({[1, 2], [3]}) =/= x] .
rand_errors() -> [conformance:err(fun() -> apply(rand, F, A) end) || {F, A} <- [{uniform_s, [0, rand:seed_s(exsss, 1)]}, {uniform_s, [1.5, rand:seed_s(exsss, 1)]}, {seed_s, [nope]}, {seed_s, [exsss, a]}, {bytes_s, [-1, rand:seed_s(exsss, 1)]}, {export_seed_s, [x]}, {uniform, [-3]}, {jump, [foo]}]].
rand_in_dictionary() -> _ = rand:seed(exsss, {1, 2, 3}), R = [rand:uniform(), rand:uniform(10), rand:bytes(3), rand:normal(), rand:normal(1, 2), rand:uniform_real(), element(1, rand:export_seed())], rand:seed(rand:export_seed()), _ = rand:jump(), {R, rand:uniform(100)}.
random() -> _ = random:seed(1, 2, 3), [random:seed0(), random:uniform(), random:uniform(10), random:uniform_s({1, 2, 3}), random:uniform_s(7, {1, 2, 3}), random:seed({4, 5, 6}), random:uniform()].
atomics_pool_() -> A = atomics:new(3, []), atomics:put(A, 1, 5), [A, 1, -1, 5, 4, 0, a, 1 bsl 64, [], [{signed, false}], 1 bsl 63, 2].
atomics() -> matrix(atomics, fun atomics_pool_/0).
counters_pool_() -> C = counters:new(3, []), counters:put(C, 1, 5), [C, 1, -1, 5, 4, 0, a, 1 bsl 64, [], [write_concurrency], [atomics], 2].
counters() -> matrix(counters, {but, [info]}, fun counters_pool_/0).

%% ---- text and bytes
string_pool_() -> ["abc d", "b", <<"häÖ ß"/utf8>>, [], 2, leading, fun(C) -> C =:= $b end, both, trailing, "ABC", [$a, "bc", <<"d">>], -1, [16#1F600, 8205, 16#1F600], <<255>>, a, all, "\r\n x\t", $x].
string_1() -> matrix(string, [{F, A} || {F, A} <- string:module_info(exports), A < 3], string_pool_()).
string_3() -> matrix(string, [{F, A} || {F, A} <- string:module_info(exports), A =:= 3], string_pool_()).
string_4() -> matrix(string, [{F, A} || {F, A} <- string:module_info(exports), A > 3], string_pool_()).
unicode() -> matrix(unicode, {but, [characters_to_list_int]}, ["aä", utf8, <<"häÖ"/utf8>>, latin1, <<255, 1>>, [$a, [<<"b">>]], utf16, {utf16, little}, unicode, {utf32, big}, [16#D800], [a], <<16#EF, 16#BB, 16#BF, $x>>, <<16#E2, 16#82>>, utf8x, [16#1F600], 1]).
unicode_util() -> matrix(unicode_util, ["ab", [$e, 769, $x], <<"häÖ"/utf8>>, [], $a, 223, [16#1F468, 8205, 16#1F469], <<255>>, a, 931, [4352, 4449, 4520], 16#AC00, {utf8}]).
uri_string() -> matrix(uri_string, ["http://u@h.x:8042/o/./a/../b?n=f%C3%A9#x", <<"foo%20bar"/utf8>>, [{"a", "b c"}, {"é", true}], #{scheme => "http", host => "h", path => "/p q"}, "../g;x", [{encoding, utf8}], "mailto:a@b", "%", [], <<"é=1&b"/utf8>>, "http://[::1]:x/", a, #{}, [return_map], [16#D800], #{path => "x", host => <<"y">>}]).
base64() -> matrix(base64, ["YWJj", <<"YWI=">>, <<"ab", 255>>, #{mode => urlsafe, padding => false}, #{}, "YW Jj\n", "Y", <<"_-8">>, [], #{mode => x}, a, [256], "YWJj====", 1]).
binary_pool_() -> [<<"abcabc">>, <<"b">>, 1, {1, 2}, [<<"c">>, <<"ab">>], [], [global], [{scope, {1, 3}}], -1, big, binary:compile_pattern(<<"a">>), <<>>, <<1:3>>, a, 300, little, [trim_all, global]].
binary_1() -> matrix(binary, [{F, A} || {F, A} <- binary:module_info(exports), A < 3, F =/= referenced_byte_size], fun binary_pool_/0).
binary_3() -> matrix(binary, [{F, A} || {F, A} <- binary:module_info(exports), A > 2], fun binary_pool_/0).
re() -> matrix(re, [run, split, replace, inspect], ["a(b)?c", "xabcacz", <<"(?<n>b)">>, [{capture, all, list}], [global], [], "[", [{capture, [n], binary}], "<&>", [unicode], [caseless, {return, list}], [{newline, x}], a, <<255>>]).
json() -> matrix(json, {but, []}, [<<"{\"a\": [1, 2.5e3, true, null, \"\\u00e9x\"]}">>, #{a => [1, <<"b">>, null]}, <<"[1,">>, [1, 2], <<"tru">>, 1.5, <<"\"\\x\"">>, a, fun(X, E) -> json:encode_value(X, E) end, <<"01">>, <<"é"/utf8>>, <<255>>, {x}, [{a, 1}], #{indent => 2}]).
calendar() -> matrix(calendar, {but, [local_time, universal_time, now_to_local_time, localtime_to_universaltime, local_time_to_universal_time, local_time_to_universal_time_dst, universal_time_to_local_time, system_time_to_local_time, now_to_datetime, now_to_universal_time]}, [{{2024, 2, 29}, {12, 34, 56}}, 2024, 2, {2024, 2, 30}, {23, 59, 59}, 0, 86400, -1, "2024-02-29T12:34:56.5Z", [{unit, millisecond}], 29, {{1969, 12, 31}, {0, 0, 0}}, [], a, second, [{offset, "+02:00"}], 63876211200]).
filename() -> matrix(filename, {but, [absname, nativename, safe_relative_path, basedir, find_src]}, ["/a/b.c/d.erl", ".erl", <<"x/y">>, "..", [], a, ["a", "b"], "/", <<"é.x"/utf8>>, [$a | b], "a//b/", 1, [<<"a">>, $b], "C:\\x"]).
io_lib() -> matrix(io_lib, {but, [build_text, scan_format, unscan_format, printable_list, limit_term, format_prompt]}, ["~p ~s", [a, "b"], "abc", 7, {x, [1]}, <<"bin">>, [], $a, "~d", [1, 2], fun(_, _) -> no end, "~z", a, -1, "12 x", [{chars_limit, 5}], 1.5]).
io_lib_format() -> [catch conformance:plain(unicode:characters_to_list(io_lib:format(F, A))) || F <- ["~w|~p|~s", "~10.3f", "~.2e", "~g", "~.16b ~.8B", "~.16x", "~5c", "~*c", "~10w|~-10w|", "~20p", "~ts", "~i~w", "~.3s", "~+.16#", "~kp", "~lp", "~0p", "~tp", "~~~n", "~W", "~P", "~q", "~"],
                    A <- [[a, {b, "str"}, "s"], [1.5], [255, 16], [255, "0x"], [[1000, "é"]], [<<"é"/utf8>>], [3, $x], [], [{a, [b, #{c => d}]}, 3], [#{a => 1}]]].
erl_anno() -> matrix(erl_anno, [erl_anno:new(7), {3, 4}, [{location, 5}, {file, "x"}], "f.erl", generated, true, text, 0, fun(A) -> A end, [], foo, {a, erl_anno:new(1)}]).
erl_internal() -> matrix(erl_internal, [abs, 1, 'spawn', '+', erlang, length, 2, is_atom, '!', [], lists, -1, foo]).
erl_bits() -> matrix(erl_bits, [default, [integer], [{unit, 8}, binary], {atom, 1, all}, [little, signed], [foo], 5, [utf8], [{unit, 300}]]).
erl_posix_msg() -> [erl_posix_msg:message(M) || M <- [enoent, eacces, eagain, e2big, emfile, enospc, enotsup, estale, exdev, nonsense, eoverflow, enotempty]].
erl_scan() -> matrix(erl_scan, {but, []}, ["foo(X) -> 1.5e3.", 1, [text], {1, 1}, "'a b' \"s\\x{41}\" $\\n 16#ff", [return], "\"abc", [], "%c\n~s\"\"", [{text, true}], text, {atom, 1, x}, "1_000 2#12", a, "\"\"\"\nx\n\"\"\""]).
otp_internal() -> matrix(otp_internal, {but, []}, [erlang, now, 0, lists, crypto, 1, foo]).
argparse() -> [catch conformance:plain(argparse:parse(id(A), id(C))) || A <- [[], ["x"], ["-v", "1"], ["--long=2", "y"], ["sub", "3"], ["-v"], ["--nope"]], C <- [#{}, #{arguments => [#{name => a}, #{name => v, short => $v, type => integer}]}, #{arguments => [#{name => l, long => "-long", type => float}]}, #{commands => #{"sub" => #{arguments => [#{name => n, type => integer}]}}}, #{arguments => bad}]].
argparse_help() -> C = #{help => "What it is", arguments => [#{name => file, help => "a file"}, #{name => v, short => $v, long => "-verbose", type => boolean, help => "speak"}, #{name => n, long => "-num", type => {integer, [{min, 1}, {max, 9}]}, default => 3}], commands => #{"go" => #{help => "goes", arguments => [#{name => to, nargs => list}]}}}, [unicode:characters_to_list(argparse:help(C, #{progname => "prog"})), unicode:characters_to_list(argparse:help(C, #{progname => prog, command => ["go"]})), catch argparse:validate(C), (catch argparse:validate(#{arguments => [#{}]})) =/= ok, catch argparse:run(["-v", "f"], C#{handler => fun(M) -> lists:sort(maps:to_list(M)) end}, #{progname => p}), case argparse:parse(["--num", "0", "f"], C) of {error, E} -> argparse:format_error(E); _ -> ok end].

%% ---- erlang
erlang_pool_() -> [a, 1, <<"12">>, "12", {a, 1}, -1, 2.5, #{a => 1}, [], 10, 1 bsl 70, fun erlang:abs/1, <<5:3>>, [1 | 2], utf8, <<131, 97, 1>>, ["a", <<"b">>], 0, "1.5", make_ref_].
erlang_1() -> matrix(erlang, [{F, 1} || F <- [abs, adler32, atom_to_binary, atom_to_list, binary_to_atom, binary_to_existing_atom, binary_to_float, binary_to_integer, binary_to_list, binary_to_term, bit_size, bitstring_to_list, byte_size, ceil, crc32, float, float_to_binary, float_to_list, floor, fun_info, hd, integer_to_binary, integer_to_list, iolist_size, iolist_to_binary, is_alive, is_atom, is_binary, is_bitstring, is_boolean, is_float, is_function, is_integer, is_list, is_map, is_number, is_pid, is_port, is_reference, is_tuple, length, list_to_atom, list_to_binary, list_to_bitstring, list_to_existing_atom, list_to_float, list_to_integer, list_to_pid, list_to_ref, list_to_port, list_to_tuple, map_size, md5, md5_init, md5_final, phash2, round, size, term_to_binary, term_to_iovec, external_size, tl, trunc, tuple_size, tuple_to_list, 'not', '-', '+', 'bnot', throw, error, exit, posixtime_to_universaltime, universaltime_to_posixtime, is_record]], fun erlang_pool_/0).
erlang_2() -> matrix(erlang, [{F, 2} || F <- [adler32, append_element, append, subtract, atom_to_binary, binary_part, binary_to_atom, binary_to_existing_atom, binary_to_integer, binary_to_term, crc32, delete_element, element, external_size, float_to_binary, float_to_list, fun_info, integer_to_binary, integer_to_list, is_function, is_map_key, is_record, list_to_integer, make_tuple, map_get, match_spec_test, max, md5_update, min, phash2, split_binary, term_to_binary, error, nif_error]], fun erlang_pool_/0).
erlang_operators() -> matrix(erlang, ['+', '-', '*', '/', 'div', 'rem', 'band', 'bor', 'bxor', 'bsr', '++', '--', '==', '=:=', '/=', '=/=', '<', '>', '=<', '>=', 'and', 'or', 'xor'], [1, -7, 2.5, a, 1 bsl 70, -(1 bsl 64), 0, "ab", [], {}, true, false, 0.0, -0.0, 1.0e20, "ba", <<1>>, #{}]).
erlang_shift() -> matrix(erlang, ['bsl'], [1, -7, 2.5, a, 1 bsl 70, 0, 63, 64, -64, 100]).
erlang_3() -> matrix(erlang, [{F, 3} || F <- [adler32_combine, crc32_combine, binary_part, binary_to_list, convert_time_unit, decode_packet, function_exported, insert_element, is_record, make_fun, make_tuple, setelement, is_builtin, error]], fun erlang_pool_/0).
decode_packet() -> [catch erlang:decode_packet(T, B, O) || T <- [raw, 0, 1, 2, 4, line, asn1, sunrm, cdr, fcgi, tpkt, http, httph, http_bin, httph_bin, ssl_tls, x], B <- [<<>>, <<0, 0, 0, 2, 65, 66, 67>>, <<"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n">>, <<"line\nmore">>, <<22, 3, 1, 0, 2, 1, 1>>, <<48, 2, 1, 1>>, <<3, 0, 0, 5, 9>>], O <- [[], [{packet_size, 2}], [{line_length, 3}], [x]]].
%% What is refused, whatever it would do: none of the values is right for any of these.
wrong_pool_() -> [-1, 1.5, <<1:3>>, {}, [x | y], #{}, "abc"].
erlang_refusals() -> matrix(erlang, {but, [apply, halt, display, display_string, display_nl, hibernate, put, erase, get, get_keys, nodes, send, send_nosuspend, set_cookie, get_cookie, raise, throw, exit, error, nif_error, dt_append_vm_tag_data, dt_prepend_vm_tag_data, dt_put_tag, dt_spread_tag, dt_restore_tag, garbage_collect, spawn, spawn_link, spawn_monitor, spawn_opt, spawn_request, setnode, dist_ctrl_get_data, load_nif, yield, '!', memory, fun_to_list, system_profile, dist_get_stat, dist_ctrl_set_opt, dist_ctrl_get_opt, dist_ctrl_put_data, dist_ctrl_get_data_notification, dist_ctrl_input_handler, monitor_node, disconnect_node, gather_gc_info_result, has_prepared_code_on_load, call_on_load_function, finish_after_on_load, check_process_code, purge_module, crasher, await_microstate_accounting_modifications, alloc_info, alloc_sizes, open_port, trace, trace_pattern, trace_info, trace_delivered, seq_trace, seq_trace_info, seq_trace_print, finish_loading, prepare_loading, load_module, get_module_info, process_display, iolist_to_iovec, port_to_list, ref_to_list, pid_to_list, group_leader, make_fun, system_flag, suspend_process, resume_process, statistics, system_info]}, wrong_pool_()).

%% ---- tables
ets_pool_() ->
    T = case get(matrix_table) of
            undefined -> ets:new(t, [public, ordered_set]);
            Old -> catch ets:delete(Old), ets:new(t, [public, ordered_set])
        end,
    put(matrix_table, T),
    ets:insert(T, [{a, 1}, {b, 2, x}, {c, 3}]),
    [T, a, 2, {2, 1}, {a, 7}, [{{'$1', '$2'}, [], ['$1']}], '_', no_such_table, [], {'$1', '_'}, [{2, 1}, {2, 5}], -1, "$1", {x}, [{x, 1}, y]].
ets_but_() -> [insert, insert_new, internal_delete_all, new, i, tabfile_info, tab2file, file2tab, all, give_away, setopts, whereis, info, fun2ms, to_dets, from_dets, init_table, table, test_ms, repair_continuation, match_spec_run_r, safe_fixtable, is_compiled_ms, match_spec_compile, match_spec_run, fold, foldl, foldr, slot].
ets_1() -> matrix(ets, [{F, A} || {F, A} <- ets:module_info(exports), A < 3, not lists:member(F, ets_but_())], fun ets_pool_/0).
ets_3() -> matrix(ets, [{F, A} || {F, A} <- ets:module_info(exports), A > 2, not lists:member(F, ets_but_())], fun ets_pool_/0).
ets_insert() -> [begin T = ets:new(t, [{keypos, 2}]), {F, W, O, try ets:F(case W of good -> T; _ -> W end, id(O)) of V -> V catch error:R:S -> {R, conformance:message({R, S})} end} end || F <- [insert, insert_new], W <- [good, none, 7, "x"], O <- [a, {}, {a}, {a, b}, [], [{a, b}, {c}], [{a, b} | x], [{a, b}, {c, d}], 1.5, #{}]].
ets_options() -> [begin R = conformance:err(fun() -> ets:new(id(N), id(O)) end), case R of {value, T} -> I = [ets:info(T, K) || K <- [type, protection, keypos, named_table, read_concurrency, write_concurrency, compressed, heir, decentralized_counters, size]], ets:delete(T), I; _ -> R end end || N <- [n, 1], O <- [[], [set], [bag, private], [duplicate_bag, {keypos, 2}], [{keypos, 0}], [{keypos, a}], [named_table, public], [{heir, none}], [{heir, a, b}], [{write_concurrency, auto}], [{write_concurrency, x}], [{read_concurrency, true}], [compressed, ordered_set], [{decentralized_counters, true}], [foo], foo, [set | bag], [{heir, self(), x}]], is_list(O) orelse N =:= n] =/= [].
persistent_term() -> persistent_term:put(mk_, v), R = matrix(persistent_term, {but, [info, get, put, put_new, erase]}, [mk_, none_, 1]), {R, [conformance:err(fun() -> apply(persistent_term, F, A) end) || {F, A} <- [{get, [mk_]}, {get, [no_such]}, {get, [no_such, d]}, {erase, [mk_]}, {erase, [mk_]}, {put, [{x, 1}, 2]}, {put_new, [{x, 1}, 2]}, {put_new, [{x, 1}, 3]}, {erase, [{x, 1}]}]]}.
ms_transform() -> [catch ms_transform:parse_transform(forms_(F), []) || F <- ["-module(m). -export([f/0]). f() -> ets:fun2ms(fun({A, B}) when A > 1 -> {B, A} end).", "-module(m). f() -> ets:fun2ms(fun(X) -> foo(X) end).", "-module(m). f() -> dbg:fun2ms(fun([A, _]) when is_atom(A) -> return_trace(), message(A) end)."]].
forms_(Text) -> {ok, Ts, _} = erl_scan:string(Text), forms_(Ts, []).
forms_([], []) -> [];
forms_([{dot, _} = D | Ts], Acc) -> {ok, F} = erl_parse:parse_form(lists:reverse([D | Acc])), [F | forms_(Ts, [])];
forms_([T | Ts], Acc) -> forms_(Ts, [T | Acc]).

%% ---- since release 29
since_(M, F) -> case code:ensure_loaded(M) of {module, M} -> F(); _ -> none end.
graph_() -> G = lists:foldl(fun(V, G) -> graph:add_vertex(G, V) end, graph:new(), [1, 2, 3, 4]), lists:foldl(fun({A, B}, H) -> graph:add_edge(H, A, B) end, G, [{1, 2}, {2, 3}, {3, 1}, {3, 4}]).
graph() -> since_(graph, fun() -> matrix(graph, [graph_(), 1, 2, {1, 2}, [1, 4], graph:new(), 4, [], a, fun(X) -> X end, foo]) end).
io_ansi() -> since_(io_ansi, fun() -> matrix(io_ansi, {but, [fwrite, enabled, scan, tigetflag, tigetnum, tigetstr, tput]}, [1, "x", [bold, "y"], 255, [], <<"\e[1mx">>, -1, a]) end).
