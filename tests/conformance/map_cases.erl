%% SPDX-License-Identifier: Apache-2.0
%% Maps: literals, updates, matching, guards, maps of any size, the maps module, iterators, order and printing.
-module(map_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

big_(N) -> maps:from_list([{K, K * 2} || K <- lists:seq(1, N)]).
strkeys_(N) -> maps:from_list([{"key" ++ integer_to_list(K), {K}} || K <- lists:seq(1, N)]).

literals() -> [#{}, #{a => 1}, #{a => 1, b => [2], "c" => {3}}, #{#{} => #{1 => 2}}, #{1 => a, 1.0 => b}, #{id(k) => id(v), id(k) => id(w)}].
update_assoc() -> M = id(#{a => 1, b => 2}), [M#{a => 5}, M#{c => 3}, M#{a => 5, c => 3, d => 4}, M#{}, (id(#{}))#{x => 1}].
update_exact() -> M = id(#{a => 1, b => 2}), [M#{a := 5}, M#{a := 1, b := 7}, err(fun() -> M#{c := 1} end), err(fun() -> M#{a := 1, c := 1} end)].
update_wrong() -> [err(fun() -> (id(a))#{x => 1} end), err(fun() -> (id([]))#{x := 1} end), stack(fun() -> (id(a))#{x => 1} end), stack(fun() -> (id(#{}))#{x := 1} end)].
match() -> [m_(M) || M <- [#{}, #{a => 1}, #{a => 2}, #{b => 1}, #{a => 1, b => {ok, 3}}, a, {}]].
m_(#{a := 1, b := {ok, X}}) -> {both, X};
m_(#{a := 1}) -> one;
m_(#{a := X}) -> {a, X};
m_(#{b := _}) -> b;
m_(#{}) -> map;
m_(_) -> other.
match_bound_key() -> K = id(foo), [case id(M) of #{K := V} -> V; _ -> no end || M <- [#{foo => 1}, #{bar => 1}, #{}]].
match_many_keys() -> #{a := A, b := B, "c" := C, 4 := D, {5} := E} = id(#{a => 1, b => 2, "c" => 3, 4 => four, {5} => five}), {A, B, C, D, E}.
match_large() -> #{1 := A, 50 := B, 100 := C} = big_(100), {A, B, C, case big_(100) of #{101 := _} -> yes; _ -> no end}.
match_error() -> [err(fun() -> #{a := X} = id(#{}), X end), err(fun() -> #{a := X} = id(foo), X end)].
guards() -> [g_(M) || M <- [#{}, #{a => 1}, #{a => 1, b => 2, c => 3}, a, #{z => big}]].
g_(M) when map_size(M) =:= 0 -> empty;
g_(M) when is_map_key(z, M), map_get(z, M) =:= big -> zbig;
g_(M) when map_get(a, M) + map_size(M) > 3 -> many;
g_(M) when is_map(M) -> map;
g_(_) -> other.
guard_literal() -> [case id(M) of X when X =:= #{a => 1} -> same; X when X == #{a => 1.0} -> near; _ -> other end || M <- [#{a => 1}, #{a => 1.0}, #{}]].
bifs() -> M = #{a => 1, 2 => b}, [map_size(M), is_map(M), is_map_key(a, M), is_map_key(z, M), map_get(2, M)].
bifs_wrong() -> [err(fun() -> map_size(id(a)) end), err(fun() -> map_get(z, id(#{})) end), err(fun() -> map_get(z, id(a)) end), err(fun() -> is_map_key(z, id(a)) end), stack(fun() -> map_size(id(a)) end), stack(fun() -> map_get(z, id(#{})) end)].
get_put() -> M = #{a => 1}, [maps:get(a, M), maps:get(b, M, def), maps:find(a, M), maps:find(b, M), maps:is_key(a, M), maps:put(b, 2, M), maps:put(a, 2, M), maps:update(a, 9, M), maps:remove(a, M), maps:remove(z, M), maps:take(a, M), maps:take(z, M)].
get_put_wrong() -> [err(F) || F <- [fun() -> maps:get(z, id(#{})) end, fun() -> maps:get(z, id(a)) end, fun() -> maps:get(z, id(a), 1) end, fun() -> maps:find(z, id(a)) end, fun() -> maps:put(a, 1, id(x)) end, fun() -> maps:update(z, 1, id(#{})) end, fun() -> maps:update(z, 1, id(a)) end, fun() -> maps:remove(z, id(a)) end, fun() -> maps:take(z, id(a)) end, fun() -> maps:keys(id(a)) end, fun() -> maps:values(id(a)) end, fun() -> maps:merge(id(a), #{}) end, fun() -> maps:merge(#{}, id(a)) end, fun() -> maps:from_list(id(a)) end, fun() -> maps:from_list(id([a])) end, fun() -> maps:from_list(id([{a, 1} | b])) end, fun() -> maps:from_keys(id(a), 1) end, fun() -> maps:to_list(id(a)) end, fun() -> maps:map(id(a), #{}) end, fun() -> maps:fold(fun(X) -> X end, 0, #{}) end, fun() -> maps:iterator(id(a)) end, fun() -> maps:next(id(a)) end, fun() -> maps:size(id(a)) end]].
get_stack() -> [stack(fun() -> maps:get(z, id(#{})) end), stack(fun() -> maps:update(z, 1, id(#{})) end), stack(fun() -> maps:get(a, id(x)) end)].
keys_values() -> M = #{2 => b, 1 => a, 3 => c}, [maps:keys(M), maps:values(M), maps:to_list(M)].
keys_of_large() -> M = big_(500), {lists:sort(maps:keys(M)) =:= lists:seq(1, 500), lists:sum(maps:values(M)), erlang:phash2(lists:sort(maps:to_list(M)))}.
from_list() -> [maps:from_list([]), maps:from_list([{a, 1}, {b, 2}, {a, 3}]), maps:from_list([{1, a}, {1.0, b}]), map_size(maps:from_list([{X rem 50, X} || X <- lists:seq(1, 1000)])), maps:get(7, maps:from_list([{X rem 50, X} || X <- lists:seq(1, 1000)]))].
from_keys() -> [maps:from_keys([a, b], 0), map_size(maps:from_keys(lists:seq(1, 100), x)), maps:from_keys([], 1)].
merge() -> [maps:merge(#{a => 1, b => 2}, #{b => 3, c => 4}), maps:merge(#{}, #{a => 1}), maps:merge(#{a => 1}, #{})].
merge_large() -> A = big_(100), B = maps:map(fun(_, V) -> V + 1 end, maps:from_list([{K, K} || K <- lists:seq(50, 200)])), [begin M = maps:merge(X, Y), {map_size(M), erlang:phash2(lists:sort(maps:to_list(M)))} end || {X, Y} <- [{A, B}, {B, A}, {A, #{}}, {#{}, A}, {A, #{1 => x}}, {#{1 => x, new => y}, A}, {A, A}]].
merge_with() -> [maps:merge_with(fun(_, X, Y) -> X + Y end, #{a => 1, b => 2}, #{b => 3, c => 4}), maps:intersect(#{a => 1, b => 2}, #{b => 3}), maps:intersect_with(fun(_, X, Y) -> {X, Y} end, #{a => 1, b => 2}, #{b => 3})].
map_filter() -> M = #{a => 1, b => 2, c => 3}, [maps:map(fun(K, V) -> {K, V} end, M), maps:filter(fun(_, V) -> V > 1 end, M), maps:filtermap(fun(_, 1) -> false; (_, 2) -> true; (_, V) -> {true, V * 10} end, M), maps:fold(fun(_, V, A) -> V + A end, 0, M), maps:with([a, z], M), maps:without([a, z], M)].
map_filter_large() -> M = big_(200), {maps:fold(fun(K, V, A) -> K + V + A end, 0, M), map_size(maps:filter(fun(K, _) -> K rem 2 =:= 0 end, M)), maps:get(77, maps:map(fun(K, V) -> K * V end, M)), lists:sort(maps:keys(maps:with([1, 5, 999], M))), map_size(maps:without(lists:seq(1, 195), M))}.
update_with() -> [maps:update_with(a, fun(X) -> X + 1 end, #{a => 1}), maps:update_with(b, fun(X) -> X + 1 end, 0, #{a => 1}), err(fun() -> maps:update_with(z, fun(X) -> X end, #{}) end)].
groups() -> [maps:groups_from_list(fun(X) -> X rem 3 end, lists:seq(1, 9)), maps:groups_from_list(fun(X) -> X rem 2 end, fun(X) -> X * 10 end, [1, 2, 3])].
foreach() -> maps:foreach(fun(K, V) -> self() ! {K, V} end, #{1 => a, 2 => b}), flush().
iterate_small() -> it_(maps:next(maps:iterator(#{3 => c, 1 => a, 2 => b}))).
iterate_large() -> lists:sort(it_(maps:next(maps:iterator(big_(100))))) =:= lists:sort(maps:to_list(big_(100))).
it_(none) -> [];
it_({K, V, I}) -> [{K, V} | it_(maps:next(I))].
iterate_ordered() -> [maps:to_list(maps:iterator(big_(50), ordered)), maps:to_list(maps:iterator(big_(40), reversed)), maps:to_list(maps:iterator(#{b => 1, a => 2, 1 => c}, fun(A, B) -> A >= B end)), maps:keys(#{z => 1})].
iterate_empty() -> [maps:next(maps:iterator(#{})), maps:to_list(maps:iterator(#{}))].
grow_through_boundary() -> [begin M = big_(N), {map_size(M), maps:get(N, M), maps:is_key(N + 1, M), lists:sort(maps:keys(M)) =:= lists:seq(1, N)} end || N <- [1, 2, 8, 31, 32, 33, 34, 64, 65, 100, 1000, 1025]].
grow_one_by_one() -> M = lists:foldl(fun(K, A) -> A#{K => -K} end, #{}, lists:seq(1, 2000)), {map_size(M), maps:fold(fun(K, V, A) -> A + K + V end, 0, M), M =:= maps:from_list([{K, -K} || K <- lists:seq(2000, 1, -1)])}.
shrink_one_by_one() -> M = lists:foldl(fun maps:remove/2, big_(300), lists:seq(1, 290)), {M =:= maps:from_list([{K, K * 2} || K <- lists:seq(291, 300)]), lists:sort(maps:to_list(M)), M < #{}}.
shrink_to_empty() -> lists:foldl(fun maps:remove/2, big_(100), lists:seq(1, 100)).
shrink_equal_to_small() -> M = maps:remove(33, big_(33)), {M =:= big_(32), M == big_(32), erlang:phash2(M) =:= erlang:phash2(big_(32)), M}.
update_large() -> M = big_(100), [maps:get(5, M#{5 := x}), maps:get(5, M#{5 => y}), map_size(M#{new => 1}), err(fun() -> M#{new := 1} end), map_size(M#{1 => a, 2 => b, 101 => c, 102 => d}), maps:get(102, M#{1 => a, 102 => d}), (M#{5 := 10}) =:= M].
million_entries() -> M = maps:from_list([{K, K} || K <- lists:seq(1, 100000)]), {map_size(M), maps:get(77777, M), maps:fold(fun(K, _, A) -> A + K end, 0, M)}.
string_keys() -> M = strkeys_(300), {map_size(M), maps:get("key77", M), maps:is_key("key301", M), erlang:phash2(lists:sort(maps:to_list(M)))}.
mixed_keys() -> Ks = [1, 1.0, a, "a", <<"a">>, {a}, [a], #{a => 1}, 1 bsl 70, [], <<1:1>>, fun lists:map/2, -1, 0.5, {}], M = maps:from_list(lists:zip(Ks, lists:seq(1, length(Ks)))), [maps:get(K, M) || K <- Ks].
mixed_keys_large() -> Ks = [1.0, "a", <<"a">>, {a}, #{a => 1}, 1 bsl 70, <<1:1>>, fun lists:map/2], M = maps:merge(big_(60), maps:from_list([{K, K} || K <- Ks])), [maps:get(K, M) =:= K || K <- Ks] ++ [maps:get(1, M)].
equality() -> [#{a => 1} =:= #{a => 1.0}, #{a => 1} == #{a => 1.0}, #{1 => a} == #{1.0 => a}, #{} =:= #{}, #{a => 1, b => 2} =:= #{b => 2, a => 1}, big_(100) =:= big_(100), big_(100) == maps:map(fun(_, V) -> V * 1.0 end, big_(100)), big_(100) =:= maps:put(5, 5, big_(100)), big_(33) =:= big_(32)].
order() -> Ms = [#{}, #{a => 1}, #{b => 0}, #{a => 2}, #{1 => 1}, #{1.0 => 1}, #{a => 1, b => 1}, #{z => 0}, #{<<"k">> => 1}], lists:sort(Ms).
order_values() -> [[A < B || B <- [#{a => 1, b => 2}, #{a => 2, b => 1}, #{a => 1, b => 3}]] || A <- [#{a => 1, b => 2}, #{a => 2, b => 1}, #{a => 1, b => 3}]].
order_large() -> [big_(40) < big_(41), big_(100) < big_(100), big_(100) < maps:put(50, 1000, big_(100)), maps:put(1, 0, big_(100)) < big_(100), big_(50) > #{}, big_(50) < [], big_(50) > {}, maps:put(0, 0, maps:remove(100, big_(100))) < big_(100), maps:put(200, 0, maps:remove(100, big_(100))) < big_(100)].
hashing() -> [erlang:phash2(M) || M <- [#{}, #{a => 1}, #{a => 1, b => 2}, #{"x" => <<1>>}, big_(32), big_(33), big_(100), strkeys_(50)]].
nested() -> M = #{a => #{b => #{c => [1, #{d => 2}]}}}, #{a := #{b := #{c := [_, #{d := D}]}}} = id(M), {D, M#{a := (maps:get(a, M))#{x => 1}}}.
comprehension() -> [#{K => V * 2 || K := V <- #{a => 1, b => 2}}, #{X => X * X || X <- [1, 2, 3]}, #{K => 1 || {K, _} <- [{a, 1}, {a, 2}, {b, 3}]}, map_size(#{X => X || X <- lists:seq(1, 100)}), #{V => K || K := V <- #{a => 1}, V > 5}].
comprehension_wrong() -> [err(fun() -> [K || K := _ <- id(a)] end), err(fun() -> #{X => 1 || X <- id(a)} end)].
comprehension_from_iterator() -> [{K, V} || K := V <- maps:iterator(#{b => 2, a => 1, c => 3}, ordered)].
printing() -> [io_lib:format("~p ~w", [#{a => 1, "b" => [1]}, #{1 => 2}]), lists:flatten(io_lib:format("~kp", [#{list => lists:seq(1, 40), b => #{c => "string", d => <<"bin">>}}]))].
as_keys() -> M = #{#{a => 1} => x, big_(50) => y}, {maps:get(#{a => 1}, M), maps:get(big_(50), M)}.
send() -> M = big_(200), in_process(fun() -> {map_size(M), maps:get(100, M), M =:= big_(200)} end).
after_gc() -> M = strkeys_(500), erlang:garbage_collect(), L = [X || X <- lists:seq(1, 10000)], erlang:garbage_collect(), {length(L), lists:all(fun(K) -> maps:get("key" ++ integer_to_list(K), M) =:= {K} end, lists:seq(1, 500))}.
to_binary_and_back() -> [binary_to_term(term_to_binary(M)) =:= M || M <- [#{}, #{a => 1}, big_(32), big_(33), big_(1000), strkeys_(100)]].
word_count() -> lists:sort(maps:to_list(lists:foldl(fun(W, M) -> maps:update_with(W, fun(N) -> N + 1 end, 1, M) end, #{}, string:lexemes("the cat and the dog and the bird", " ")))).
keys_with_same_hash() -> Ks = [{N, [N | {N}]} || N <- lists:seq(1, 3000)], M = maps:from_keys(Ks, 1), {map_size(M), lists:all(fun(K) -> is_map_key(K, M) end, Ks)}.
collision_of_equal_low_bits() -> M = maps:from_list([{N bsl 58, N} || N <- lists:seq(1, 500)]), {map_size(M), lists:all(fun(N) -> maps:get(N bsl 58, M) =:= N end, lists:seq(1, 500))}.
new_with_known_keys() -> X = id(x), Y = id(self), [#{b => X, a => Y}, #{a => X}, #{3 => X, a => Y, -1 => 1, [] => 2, zz => [X]}, #{a => X, 1 => Y, 2.0 => 3}, #{ä => X, b => Y, 'A' => 1, aa => 2, 'a b' => 3, '' => 4}].
new_with_many_keys() -> X = id(1), M = #{k01 => X, k02 => X, k03 => X, k04 => X, k05 => X, k06 => X, k07 => X, k08 => X, k09 => X, k10 => X, k11 => X, k12 => X, k13 => X, k14 => X, k15 => X, k16 => X, k17 => X, k18 => X, k19 => X, k20 => X, k21 => X, k22 => X, k23 => X, k24 => X, k25 => X, k26 => X, k27 => X, k28 => X, k29 => X, k30 => X, k31 => X, k32 => X}, {M, lists:sort(maps:to_list(M#{k33 => 2, k01 => 3})), M#{k07 := y, k32 := z}}.
new_in_loop() -> L = [#{n => N, half => N / 2, list => [N], type => num} || N <- lists:seq(1, 300)], {lists:sum([N || #{n := N, type := num} <- L]), lists:last(L), hd(L) < lists:last(L), erlang:phash2(L), length(lists:usort([maps:keys(M) || M <- L]))}.
get_known_keys() -> [try gk_(M) catch C:R -> {C, R} end || M <- [#{a => 1, b => 2, 3 => c}, #{a => 1, b => 2}, #{}, #{[] => x, a => y, b => z, 3 => u}, maps:from_list([{N, N} || N <- lists:seq(1, 50)] ++ [{a, 1}, {b, 2}]), x]].
gk_(#{a := A, 3 := C, b := B}) -> {all, A, B, C};
gk_(#{b := B, a := A}) -> {two, A, B};
gk_(#{}) -> none.
update_known_keys() -> [{try uk_(M) catch C:R -> {C, R} end, try ux_(M) catch C2:R2 -> {C2, R2} end, M} || M <- [#{a => 1, b => 2}, #{b => 1, c => 2}, #{a => 1}, maps:from_list([{N, N} || N <- lists:seq(1, 50)] ++ [{a, 1}, {b, 2}]), x, maps:from_list([{a, 0}] ++ [{N, N} || N <- lists:seq(1, 31)])]].
uk_(M) -> M#{a => {x, M}, b => y}.
ux_(M) -> M#{b := y, a := {x, 1}}.
