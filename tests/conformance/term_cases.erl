%% SPDX-License-Identifier: Apache-2.0
%% Terms: tuples, records, order and equality of every kind, type tests, copying, hashing, printing by io_lib, external format.
-module(term_cases).
-feature(maybe_expr, enable).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

-record(person, {name, age = 7, tags = [] :: list()}).
-record(big, {a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8}).

all_() -> [0, -1, 1, 1 bsl 59, 1 bsl 60, -(1 bsl 70), 1 bsl 70, 1.0, -0.5, 1.0e300, a, b, '', 'A b', [], [1], [1 | 2], "abc", {}, {1}, {1, 2}, {a, [b]}, #{}, #{a => 1}, <<>>, <<1>>, <<1:3>>, fun lists:map/2, fun erlang:'+'/2, [[]], [a, {b, "c"}]].

type_tests() -> [{is_atom(X), is_binary(X), is_bitstring(X), is_boolean(X), is_float(X), is_function(X), is_integer(X), is_list(X), is_map(X), is_number(X), is_pid(X), is_port(X), is_reference(X), is_tuple(X)} || X <- all_() ++ [true, false, self(), make_ref()]].
type_guards() -> [t_(X) || X <- all_() ++ [true, self(), make_ref(), fun() -> 1 end]].
t_(X) when is_boolean(X) -> boolean; t_(X) when is_atom(X) -> atom; t_(X) when is_integer(X) -> integer; t_(X) when is_float(X) -> float; t_(X) when is_list(X) -> list; t_({}) -> empty_tuple; t_(X) when is_tuple(X), tuple_size(X) =:= 2 -> pair; t_(X) when is_tuple(X) -> tuple; t_(X) when is_map(X) -> map; t_(X) when is_binary(X) -> binary; t_(X) when is_bitstring(X) -> bitstring; t_(X) when is_function(X, 2) -> fun2; t_(X) when is_function(X) -> function; t_(X) when is_pid(X) -> pid; t_(X) when is_reference(X) -> reference.
order_all() -> lists:sort(all_()).
order_pairs() -> [[cmp_(A, B) || B <- all_()] || A <- all_()].
cmp_(A, B) -> if A =:= B -> x; A == B -> e; A < B -> l; true -> g end.
order_types() -> [self() > make_ref(), make_ref() > a, self() > fun() -> 1 end, self() < {}, {} < #{}, #{} < [], [] < [1], [1] < <<>>, 1 < a, lists:sort([self(), fun() -> ok end]) =:= [fun() -> ok end, self()]].
order_references() -> A = make_ref(), B = make_ref(), {A < B, A =:= A, A == B}.
order_deep() -> D = fun(X) -> lists:foldl(fun(_, A) -> [A] end, X, lists:seq(1, 100000)) end, {D(1) < D(2), D(1) =:= D(1), D(1) == D(1.0)}.
order_deep_tuple() -> D = fun(X) -> lists:foldl(fun(_, A) -> {A, A} end, X, lists:seq(1, 15)) end, {D(1) < D(2), D(a) =:= D(a)}.
order_long_lists() -> L = lists:seq(1, 100000), {L < L ++ [1], L =:= L, L ++ [1] > L ++ [0]}.
compare_guards() -> [[c_(A, B) || B <- [1, 1.0, a, "s", {1}]] || A <- [1, 1.0, a, "s", {1}]].
c_(A, B) when A =:= B -> exact; c_(A, B) when A == B -> equal; c_(A, B) when A < B -> less; c_(A, B) when A >= B -> more.
operators() -> [{id(1) < id(2), id(1) =< id(1), id(1) > id(2), id(1) >= id(1), id(1) == id(1.0), id(1) /= id(1.0), id(1) =:= id(1.0), id(1) =/= id(1.0)}].
booleans() -> [{A and B, A or B, A xor B, not A} || A <- [true, false], B <- [true, false]].
booleans_wrong() -> [err(fun() -> id(a) and true end), err(fun() -> true or id(1) end), err(fun() -> not id(a) end), err(fun() -> id(a) xor true end), err(fun() -> case id(a) of X -> X andalso true end end), id(false) andalso id(x), id(true) andalso id(x), id(true) orelse id(x), id(false) orelse id(x), err(fun() -> id(1) orelse true end), stack(fun() -> not id(a) end)].
tuples() -> T = id({a, b, c}), [element(1, T), element(3, T), setelement(2, T, x), tuple_size(T), size(T), erlang:append_element(T, d), erlang:delete_element(2, T), erlang:insert_element(2, T, z), erlang:make_tuple(3, x), erlang:make_tuple(3, x, [{2, y}]), tuple_size({})].
tuples_wrong() -> [err(F) || F <- [fun() -> element(id(0), {a}) end, fun() -> element(id(2), {a}) end, fun() -> element(id(1), id(a)) end, fun() -> element(id(a), {a}) end, fun() -> setelement(id(0), {a}, x) end, fun() -> setelement(id(2), id({a}), x) end, fun() -> tuple_size(id([])) end, fun() -> erlang:make_tuple(id(-1), x) end, fun() -> erlang:make_tuple(2, x, [{5, y}]) end, fun() -> erlang:append_element(id(a), x) end, fun() -> erlang:delete_element(id(2), {a}) end, fun() -> erlang:insert_element(id(3), {a}, x) end, fun() -> element(id(1 bsl 70), {a}) end]].
tuples_stack() -> [stack(fun() -> element(id(5), id({a})) end), stack(fun() -> setelement(id(5), id({a}), x) end), stack(fun() -> tuple_size(id(a)) end)].
tuple_large() -> T = list_to_tuple(lists:seq(1, 5000)), T2 = setelement(2500, T, x), {element(5000, T2), element(2500, T2), element(2500, T), tuple_size(erlang:append_element(T, 1)), T < T2, erlang:phash2(T)}.
tuple_select() -> [ts_(T) || T <- [{}, {a}, {a, 1}, {b, 1}, {a, 1, 2}, {c, x}, {ok, {error, 1}}, {d, 1, 2, 3}, a]].
ts_({}) -> zero; ts_({a}) -> a; ts_({a, X}) -> {a1, X}; ts_({b, X}) -> {b1, X}; ts_({a, X, Y}) -> {a2, X, Y}; ts_({ok, {error, X}}) -> {nested, X}; ts_({X, _}) -> {pair, X}; ts_(T) when is_tuple(T) -> {size, tuple_size(T)}; ts_(_) -> none.
tuple_setelements() -> T = id({1, 2, 3, 4}), T1 = setelement(4, T, d), T2 = setelement(1, T1, a), T3 = setelement(3, T2, c), {T, T3}.
records() -> P = #person{name = "x"}, [P, P#person.age, P#person{age = 8}, P#person{age = 8, name = n, tags = [1]}, is_record(P, person), is_record(id(a), person), record_info(fields, person), record_info(size, person), #person.tags].
records_match() -> [case id(R) of #person{age = 7, name = N} -> {seven, N}; #person{name = N, tags = [T | _]} -> {N, T}; _ -> other end || R <- [#person{}, #person{age = 8, tags = [t]}, #person{age = 9}, {person}, {person, a, b}, a]].
records_update_large() -> B = id(#big{}), [B#big{a = x}, B#big{h = y, b = z}, B#big{a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 9}, B, (B#big{d = 0})#big{e = 0}].
records_wrong() -> [err(fun() -> (id(a))#person.age end), err(fun() -> (id({person, 1}))#person.age end), err(fun() -> (id(foo))#person{age = 1} end), stack(fun() -> (id({x}))#person.name end)].
record_guards() -> [case id(X) of R when is_record(R, person), R#person.age > 7 -> old; R when is_record(R, person, 4) -> person; _ -> no end || X <- [#person{}, #person{age = 9}, {person, 1}, a]].
is_record_dynamic() -> [is_record(id(T), id(person)) || T <- [{person, 1, 2}, {other}, a, {}]] ++ [is_record(id({a, b}), id(a), id(2)), is_record(id({a, b}), id(a), id(3)), err(fun() -> is_record(id({a}), id(1)) end)].
phash2_all() -> [erlang:phash2(X) || X <- all_(), not is_function(X)].
phash2_range() -> [erlang:phash2(X, R) || X <- [a, 1, "abc", {x}, 1 bsl 70], R <- [1, 2, 10, 1000, 1 bsl 27, 1 bsl 32]].
phash2_long() -> [erlang:phash2(lists:seq(1, 10000)), erlang:phash2(list_to_tuple(lists:seq(1, 300))), erlang:phash2(binary:copy(<<"xyz">>, 5000)), erlang:phash2(lists:foldl(fun(X, A) -> {X, [A]} end, z, lists:seq(1, 1000)))].
phash2_strings() -> [erlang:phash2(S) || S <- ["", "a", "abc", "hello world, this is long", [1, 2, 256], [1, 2, 300], [$a, b], ["a" | "b"]]].
phash2_wrong() -> [err(fun() -> erlang:phash2(a, id(0)) end), err(fun() -> erlang:phash2(a, id((1 bsl 32) + 1)) end), err(fun() -> erlang:phash2(a, id(x)) end)].
phash_old() -> [erlang:phash(X, 1000) || X <- [1, a, "abc", {1, 2}, <<1, 2>>, 1.5, 1 bsl 70, []]].
external_size() -> [{erlang:external_size(X), byte_size(term_to_binary(X))} || X <- all_(), not is_function(X)].
to_binary() -> [term_to_binary(X) || X <- all_(), not is_map(X)].
to_binary_maps() -> [term_to_binary(X) || X <- [#{}, #{a => 1}, #{1 => 2, 3 => 4}]].
to_binary_atoms() -> [term_to_binary(X) || X <- ['', a, 'λ', 'é', list_to_atom(lists:duplicate(255, $x)), list_to_atom(lists:duplicate(200, 955))]].
to_binary_round_trip() -> [binary_to_term(term_to_binary(X)) =:= X || X <- all_() ++ [self(), make_ref(), lists:seq(1, 1000), list_to_tuple(lists:seq(1, 300)), <<1:7>>, lists:duplicate(70000, $a), "λ", {self(), [make_ref()]}]].
to_binary_compressed() -> [begin B = term_to_binary(X, [compressed]), {binary_to_term(B) =:= X, byte_size(B) =< byte_size(term_to_binary(X)), binary:at(B, 1)} end || X <- [lists:duplicate(1000, abc), binary:copy(<<"abc">>, 500), a, 1]].
to_binary_levels() -> X = lists:seq(1, 500), [binary_to_term(term_to_binary(X, [{compressed, L}])) =:= X || L <- [0, 1, 6, 9]].
to_binary_minor() -> [term_to_binary(1.5, [{minor_version, V}]) || V <- [1, 2]].
to_binary_options_wrong() -> [err(fun() -> term_to_binary(a, id(O)) end) || O <- [foo, [foo], [{compressed, 10}], [{minor_version, 9}]]].
to_binary_integers() -> [term_to_binary(X) || X <- [0, 255, 256, -1, (1 bsl 31) - 1, 1 bsl 31, -(1 bsl 31), -(1 bsl 31) - 1, 1 bsl 59, 1 bsl 64, -(1 bsl 64), 1 bsl 2040]].
to_binary_deterministic() -> [term_to_binary(X, [deterministic]) || X <- [#{b => 1, a => 2}, {a, [#{c => 1}]}]].
to_binary_iovec() -> X = [lists:seq(1, 300), binary:copy(<<7>>, 300)], iolist_to_binary(erlang:term_to_iovec(X)) =:= term_to_binary(X).
to_binary_local() -> binary_to_term(term_to_binary({a, 1}, [local])).
funs_to_binary() -> Y = id(5), F = fun(X) -> X + Y end, G = binary_to_term(term_to_binary(F)), {G(2), G =:= F, (binary_to_term(term_to_binary(fun lists:reverse/1)))([1, 2])}.
from_binary() -> [binary_to_term(B) || B <- [<<131, 97, 5>>, <<131, 98, 255, 255, 255, 255>>, <<131, 106>>, <<131, 107, 0, 2, 97, 98>>, <<131, 108, 0, 0, 0, 1, 97, 1, 97, 2>>, <<131, 104, 2, 97, 1, 97, 2>>, <<131, 105, 0, 0, 0, 1, 97, 1>>, <<131, 100, 0, 3, "abc">>, <<131, 115, 3, "abc">>, <<131, 119, 2, 206, 187>>, <<131, 118, 0, 2, 206, 187>>, <<131, 109, 0, 0, 0, 2, 1, 2>>, <<131, 77, 0, 0, 0, 2, 3, 255, 160>>, <<131, 70, 63, 248, 0, 0, 0, 0, 0, 0>>, <<131, 110, 1, 1, 5>>, <<131, 110, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1>>, <<131, 111, 0, 0, 0, 2, 0, 1, 1>>, <<131, 116, 0, 0, 0, 1, 97, 1, 97, 2>>, <<131, 99, "1.50000000000000000000e+00", 0, 0, 0, 0, 0>>, <<131, 113, 100, 0, 5, "lists", 100, 0, 3, "map", 97, 2>>]].
from_binary_used() -> [binary_to_term(<<131, 97, 5, 1, 2, 3>>, [used]), binary_to_term(<<131, 97, 5, 9>>), binary_to_term(<<131, 97, 5>>, [safe])].
from_binary_wrong() -> [err(fun() -> binary_to_term(id(B)) end) || B <- [<<>>, <<131>>, <<130, 97, 5>>, <<131, 97>>, <<131, 255>>, <<131, 108, 255, 255, 255, 255, 97, 1>>, <<131, 104, 5, 97, 1>>, <<131, 109, 0, 0, 0, 5, 1>>, <<131, 77, 0, 0, 0, 1, 9, 1>>, <<131, 77, 0, 0, 0, 0, 1>>, <<131, 119, 2, 255, 255>>, <<131, 116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 1, 97, 3>>, <<131, 70, 127, 240, 0, 0, 0, 0, 0, 0>>, <<131, 99, "abc", 0:(28 * 8)>>, <<131, 80, 0, 0, 0, 10, 1, 2, 3>>, <<131, 110, 5, 2, 1, 1, 1, 1, 1>>, a, <<131:9>>, <<131, 105, 255, 255, 255, 255>>, <<131, 116, 255, 255, 255, 255>>]].
from_binary_safe() -> [err(fun() -> binary_to_term(<<131, 119, 30, "not_there_as_an_atom_", (id(<<"123456789">>))/binary>>, [safe]) end), err(fun() -> binary_to_term(<<131, 97, 1>>, id([foo])) end)].
from_binary_stack() -> [stack(fun() -> binary_to_term(id(<<1>>)) end), stack(fun() -> binary_to_term(id(a)) end)].
from_binary_deep() -> B = iolist_to_binary([131, lists:duplicate(50000, <<108, 0, 0, 0, 1>>), 106, lists:duplicate(50000, 106)]), D = binary_to_term(B), {depth_(D, 0), term_to_binary(D) =:= B}.
depth_([X], N) -> depth_(X, N + 1);
depth_([], N) -> N.
external_pids() -> B = <<131, 88, 119, 7, "a@other", 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 7>>, P = binary_to_term(B), {is_pid(P), node(P), term_to_binary(P) =:= B, P =:= binary_to_term(B), P < self() orelse P > self(), pid_to_list(P) =/= ""}.
external_refs() -> B = <<131, 90, 0, 3, 119, 7, "a@other", 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3>>, R = binary_to_term(B), {is_reference(R), node(R), term_to_binary(R) =:= B, erlang:phash2(R)}.
external_ports() -> B = <<131, 120, 119, 7, "a@other", 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 7>>, P = binary_to_term(B), {is_port(P), node(P), term_to_binary(P) =:= B}.
external_pid_use() -> P = binary_to_term(<<131, 88, 119, 7, "a@other", 0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 7>>), {P ! hello, erlang:phash2(P), #{P => 1} =:= #{P => 1}}.
copies() -> X = {all_(), lists:seq(1, 100), binary:copy(<<1>>, 100), big_()}, in_process(fun() -> X =:= id(X) end).
big_() -> #{K => {K, [K]} || K <- lists:seq(1, 100)}.
flat_size() -> [erts_debug:flat_size(X) || X <- [a, 1, [], {1}, [1], [1, 2, 3], {a, [b]}, 1.0]].
copies_deep() -> D = lists:foldl(fun(_, A) -> [A] end, z, lists:seq(1, 200000)), in_process(fun() -> depth2_(D, 0) end).
depth2_([X], N) -> depth2_(X, N + 1);
depth2_(z, N) -> N.
printing_w() -> [lists:flatten(io_lib:format("~w", [X])) || X <- all_(), not is_function(X), not is_map(X)].
printing_p() -> [lists:flatten(io_lib:format("~p", [X])) || X <- all_(), not is_function(X)].
printing_tp() -> [lists:flatten(io_lib:format("~tp ~tw ~ts", [X, X, X])) || X <- ["λ", 'λ', <<"λ"/utf8>>]].
printing_atoms() -> [lists:flatten(io_lib:format("~p", [X])) || X <- ['', a, 'A', 'a b', 'a@b', 'and', '1a', a1, 'é', '\n', 'it\'s', '"', '\\', '[]', '{}', '+', '_x', 'end', 'maybe', 'else']].
printing_atoms_w() -> [lists:flatten(io_lib:format("~w", [X])) || X <- ['a b', 'A', 'λ', 'when', '$x', 'a\tb', '\e', '\x{1}']].
printing_strings() -> [lists:flatten(io_lib:format("~p|~s|~10s|~-10s|~.2s|~10.3s|~*s|~c|~5c", ["a\"b\\\n", "abc", "abc", "abc", "abc", "abcdef", 5, "x", $y, $z]))].
printing_wide() -> lists:flatten(io_lib:format("~p~n~40p~n~20P~n~W", [lists:seq(1, 60), {some_long_atom, [another, long, list, 'of', atoms], "with strings"}, lists:seq(1, 50), 8, {a, [b, c, d, e, f, g, h], #{x => y}}, 5])).
printing_integers() -> lists:flatten(io_lib:format("~B ~.16B ~.2b ~#  ~.16# ~.8+ ~10B ~-10B ~10..0B|~16.16.0b", [123, 255, 5, 10, 255, 64, 7, 7, 42, 48879])).
printing_misc() -> lists:flatten(io_lib:format("~i~w ~~ ~n~p", [skipped, shown, {nested, [{deep, "s"}, <<"bin">>, <<0, 1>>, 1.5]}])).
printing_wrong() -> [err(fun() -> io_lib:format(F, A) end) || {F, A} <- [{"~w", []}, {"~q", [1]}, {"~s", [1]}, {"x", [1]}, {"~B", [a]}, {"~c", ["a"]}, {"~f", [a]}]].
printing_binaries() -> [lists:flatten(io_lib:format("~p ~w ~s", [B, B, B])) || B <- [<<"abc">>, <<>>, <<0, 1, 2>>, <<"a\"b">>]] ++ [lists:flatten(io_lib:format("~p", [<<"é"/utf8>>])), lists:flatten(io_lib:format("~tp", [<<"é"/utf8>>])), lists:flatten(io_lib:format("~p", [binary:copy(<<"abcde">>, 30)]))].
printing_records() -> lists:flatten(io_lib_pretty:print(#person{name = "n", tags = [x]}, fun(person, 3) -> [name, age, tags]; (_, _) -> no end)).
printing_depth() -> [lists:flatten(io_lib:format("~P", [{a, [1, 2, 3, {b, [c, d]}], "a long string that goes on"}, D])) || D <- lists:seq(0, 12)].
printing_funs() -> [lists:flatten(io_lib:format("~p ~w", [fun lists:map/2, fun 'strange name':'f x'/3]))].
scanning() -> [erl_scan:string(S) || S <- ["foo(X) -> 1.5e3, \"str\", $a, 'q a'.", "16#ff", "a.b", "\"unterminated"]].
parsing() -> [begin {ok, T, _} = erl_scan:string(S), erl_parse:parse_term(T) end || S <- ["{a, [1, 2.0, \"s\"], #{k => <<1, 2>>}, -5}.", "[a|b].", "{.", "f(x)."]].
evaluating() -> [begin {ok, T, _} = erl_scan:string(S), {ok, E} = erl_parse:parse_exprs(T), {value, V, _} = erl_eval:exprs(E, []), V end || S <- ["1 + 2 * 3.", "[X * 2 || X <- lists:seq(1, 5)].", "case {a, 1} of {a, N} -> N + 1 end.", "F = fun(X) -> X + 1 end, F(41).", "try error(x) catch error:R -> {caught, R} end.", "<<A:8, B/binary>> = <<1, 2, 3>>, {A, B}."]].
reading_terms() -> [io_lib:fread("~d ~s ~f", "12 abc 1.5 rest"), io_lib:fread("~d", "x"), io_lib:fread("~16u", "ff")].
deep_strings() -> [io_lib:deep_char_list(["a", [$b, "c"]]), io_lib:char_list("abc"), io_lib:printable_list("abc"), io_lib:printable_list([1, 2]), io_lib:printable_unicode_list([955]), io_lib:write_string("a\"b"), io_lib:write_atom('a b'), io_lib:nl()].
write_depth() -> lists:flatten(io_lib:write({a, [1, 2, 3, 4]}, 4)).
list_pid_ref_text() -> [is_list(pid_to_list(self())), list_to_pid(pid_to_list(self())) =:= self(), begin R = make_ref(), list_to_ref(ref_to_list(R)) =:= R end, err(fun() -> list_to_pid("<x>") end), err(fun() -> list_to_ref("foo") end), err(fun() -> pid_to_list(id(a)) end), lists:prefix("#Fun<term_cases.", erlang:fun_to_list(fun(X) -> X end)), erlang:fun_to_list(fun lists:map/2)].
min_heap_literals() -> [big_literal_(1) =:= big_literal_(2), element(2, big_literal_(1))].
big_literal_(_) -> {lits, [1, 2, 3, {a, b, <<"c">>}], #{k => v}, 12345678901234567890, 1.5, "str"}.
literal_in_message() -> L = big_literal_(0), in_process(fun() -> L =:= big_literal_(0) end).
constants_share() -> erts_debug:same(big_literal_(1), big_literal_(2)).
swaps_and_moves() -> sw_(1, 2, 3, 4, 5).
sw_(A, B, C, D, E) -> sw2_(E, A, D, B, C).
sw2_(A, B, C, D, E) -> X = id({B, A}), sw3_(E, D, C, B, A, X).
sw3_(A, B, C, D, E, F) -> {F, E, D, C, B, A}.
many_arguments() -> many_(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20).
many_(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T) -> X = id(T), {X, S, R, Q, P, O, N, M, L, K, J, I, H, G, F, E, D, C, B, A}.
many_locals() -> A = id(1), B = id(2), C = id(3), D = id(4), E = id(5), F = id(6), G = id(7), H = id(8), I = id(9), J = id(10), K = id(11), L = id(12), M = id(13), N = id(14), O = id(15), P = id(16), Q = id(17), R = id(18), id(ok), [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R].
case_merge() -> [cm_(X) || X <- [1, 2, a, "x", {1}]].
cm_(X) -> Y = case X of 1 -> a; 2 -> b; _ when is_atom(X) -> X; _ -> other end, Z = if Y =:= a -> 1; Y =:= other -> 2; true -> 3 end, {Y, Z}.
if_clause() -> [err(fun() -> A = id(1), if A > 2 -> x end end), stack(fun() -> B = id(a), if B =:= b -> x end end)].
case_clause() -> [err(fun() -> case id(5) of 1 -> x end end), stack(fun() -> case id(5) of 1 -> x end end)].
function_clause() -> [err(fun() -> only_one_(id(2)) end), stack(fun() -> only_one_(id(2)) end), stack(fun() -> lists:nth(a, id([])) end)].
only_one_(1) -> one.
badmatch() -> [err(fun() -> {a, X} = id({b, 1}), X end), err(fun() -> [] = id([1]) end), stack(fun() -> ok = id(error) end)].
maybe_expression() -> [mb_(X) || X <- [{ok, 1}, {error, x}, {ok, a}, foo]].
mb_(X) -> maybe {ok, Y} ?= X, true ?= is_integer(Y), {good, Y} else false -> not_integer; {error, E} -> {bad, E}; O -> {other, O} end.

not_equal_guard() -> [[ne_(A, B) || B <- [1, 1.0, a, "s", {1}]] || A <- [1, 1.0, a, "s", {1}]].
ne_(A, B) when A /= B -> differ; ne_(_, _) -> same.
not_exactly_equal_guard() -> [[nee_(A, B) || B <- [1, 1.0, a, 1 bsl 70]] || A <- [1, 1.0, a, 1 bsl 70]].
nee_(A, B) when A =/= B -> differ; nee_(_, _) -> same.
number_and_port_guards() -> [np_(X) || X <- [1, 1.0, 1 bsl 70, a, self(), "x"]].
np_(X) when is_number(X) -> number; np_(X) when is_port(X) -> port; np_(_) -> other.
