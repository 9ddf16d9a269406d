%% SPDX-License-Identifier: Apache-2.0
%% ETS: all table types, match specifications, selection with continuations, counters, heirs, ordered traversal, errors.
-module(ets_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

kinds_() -> [set, ordered_set, bag, duplicate_bag].
t_(K) -> ets:new(t, [K]).
fill_(T, N) -> [ets:insert(T, {K, K * K, [K]}) || K <- lists:seq(1, N)], T.
s_(L) -> lists:sort(L).
with_(K, F) -> T = t_(K), R = F(T), ets:delete(T), R.
each_(F) -> [{K, with_(K, F)} || K <- kinds_()].

insert_lookup() -> each_(fun(T) -> ets:insert(T, {a, 1}), ets:insert(T, {b, 2}), ets:insert(T, {a, 3}), ets:insert(T, {a, 1}), [ets:lookup(T, a), ets:lookup(T, b), ets:lookup(T, c), ets:info(T, size)] end).
insert_list() -> each_(fun(T) -> [ets:insert(T, [{a, 1}, {b, 2}, {a, 1}, {a, 2}]), s_(ets:tab2list(T)), ets:insert(T, [])] end).
insert_new() -> each_(fun(T) -> [ets:insert_new(T, {a, 1}), ets:insert_new(T, {a, 2}), ets:insert_new(T, [{b, 1}, {a, 3}]), ets:insert_new(T, [{c, 1}, {d, 1}]), s_(ets:tab2list(T))] end).
keypos() -> [begin T = ets:new(t, [K, {keypos, 2}]), ets:insert(T, {x, k1}), ets:insert(T, {y, k1}), ets:insert(T, {z, k2, e}), {K, ets:lookup(T, k1), ets:info(T, keypos), err(fun() -> ets:insert(T, {only}) end)} end || K <- kinds_()].
key_equality() -> each_(fun(T) -> ets:insert(T, {1, int}), ets:insert(T, {1.0, float}), [s_(ets:tab2list(T)), ets:lookup(T, 1), ets:lookup(T, 1.0), ets:member(T, 1.0)] end).
key_kinds() -> Ks = [a, 1, 1.5, "s", <<"b">>, {t, 1}, [], #{m => 1}, 1 bsl 70, fun lists:map/2, <<1:3>>], each_(fun(T) -> [ets:insert(T, {K, x}) || K <- Ks], [ets:lookup(T, K) =:= [{K, x}] || K <- Ks] end).
values_are_copies() -> with_(set, fun(T) -> V = {lists:seq(1, 100), binary:copy(<<1>>, 200), #{K => K || K <- lists:seq(1, 50)}}, ets:insert(T, {k, V}), erlang:garbage_collect(), [{k, W}] = ets:lookup(T, k), W =:= V end).
delete() -> each_(fun(T) -> ets:insert(T, [{a, 1}, {b, 2}, {a, 2}]), [ets:delete(T, a), ets:delete(T, zzz), s_(ets:tab2list(T))] end).
delete_object() -> each_(fun(T) -> ets:insert(T, [{a, 1}, {a, 2}, {a, 1}, {b, 1}]), [ets:delete_object(T, {a, 1}), ets:delete_object(T, {a, 9}), s_(ets:tab2list(T))] end).
delete_all() -> each_(fun(T) -> fill_(T, 100), [ets:delete_all_objects(T), ets:info(T, size), ets:tab2list(T), ets:insert(T, {n, 1}), ets:tab2list(T)] end).
delete_table() -> T = t_(set), [ets:delete(T), ets:info(T), ets:info(T, size), err(fun() -> ets:lookup(T, a) end), err(fun() -> ets:delete(T) end), err(fun() -> ets:insert(T, {a}) end)].
member() -> each_(fun(T) -> ets:insert(T, {a, 1}), [ets:member(T, a), ets:member(T, b)] end).
taking() -> each_(fun(T) -> ets:insert(T, [{a, 1}, {a, 2}, {b, 1}]), [s_(ets:take(T, a)), ets:take(T, a), ets:tab2list(T)] end).
lookup_element() -> each_(fun(T) -> ets:insert(T, [{a, 1, x}, {a, 2, y}]), [ets:lookup_element(T, a, 2), ets:lookup_element(T, a, 3), err(fun() -> ets:lookup_element(T, z, 2) end), err(fun() -> ets:lookup_element(T, a, 9) end), err(fun() -> ets:lookup_element(T, a, 0) end), ets:lookup_element(T, z, 2, def)] end).
update_element() -> [with_(K, fun(T) -> ets:insert(T, {a, 1, x}), [ets:update_element(T, a, {2, 5}), ets:update_element(T, a, [{2, 6}, {3, y}]), ets:update_element(T, z, {2, 5}), ets:lookup(T, a), err(fun() -> ets:update_element(T, a, {1, b}) end), err(fun() -> ets:update_element(T, a, {9, b}) end), err(fun() -> ets:update_element(T, a, foo) end), ets:update_element(T, a, [])] end) || K <- [set, ordered_set]] ++ [with_(bag, fun(T) -> ets:insert(T, {a, 1}), err(fun() -> ets:update_element(T, a, {2, 3}) end) end)].
update_element_default() -> with_(set, fun(T) -> [ets:update_element(T, a, {2, 5}, {a, 0, z}), ets:lookup(T, a), ets:update_element(T, a, {3, y}, {a, 0, z}), ets:lookup(T, a)] end).
update_counter() -> [with_(K, fun(T) -> ets:insert(T, {a, 1, 10}), [ets:update_counter(T, a, 1), ets:update_counter(T, a, {2, 5}), ets:update_counter(T, a, {3, -20}), ets:update_counter(T, a, [{2, 1}, {3, 1}]), ets:update_counter(T, a, {2, 5, 9, 0}), ets:update_counter(T, a, {3, -5, -10, 100}), ets:update_counter(T, a, []), ets:lookup(T, a), err(fun() -> ets:update_counter(T, z, 1) end), err(fun() -> ets:update_counter(T, a, {1, 1}) end), err(fun() -> ets:update_counter(T, a, {2, x}) end)] end) || K <- [set, ordered_set]].
update_counter_default() -> with_(set, fun(T) -> [ets:update_counter(T, n, 1, {n, 10}), ets:update_counter(T, n, 1, {n, 10}), ets:update_counter(T, m, {3, 2}, {x, a, 5}), s_(ets:tab2list(T)), err(fun() -> ets:update_counter(T, q, 1, {q, a}) end)] end).
update_counter_big() -> with_(set, fun(T) -> ets:insert(T, {a, (1 bsl 59) - 1}), [ets:update_counter(T, a, 1), ets:update_counter(T, a, 1 bsl 64), ets:update_counter(T, a, -(1 bsl 65)), ets:lookup(T, a)] end).
tab2list() -> [begin L = s_(ets:tab2list(fill_(t_(K), 50))), {K, length(L), hd(L), lists:last(L)} end || K <- kinds_()].
ordered_traversal() -> with_(ordered_set, fun(T) -> [ets:insert(T, {K, x}) || K <- [5, 1, a, "s", 2.5, {}, <<>>, [], #{}, 3]], [ets:tab2list(T), ets:first(T), ets:last(T), ets:next(T, 1), ets:next(T, 4), ets:prev(T, 3), ets:prev(T, 0), ets:next(T, <<>>)] end).
ordered_walk() -> with_(ordered_set, fun(T) -> fill_(T, 100), {walk_(T, ets:first(T)) =:= lists:seq(1, 100), back_(T, ets:last(T)) =:= lists:seq(100, 1, -1)} end).
walk_(_, '$end_of_table') -> [];
walk_(T, K) -> [K | walk_(T, ets:next(T, K))].
back_(_, '$end_of_table') -> [];
back_(T, K) -> [K | back_(T, ets:prev(T, K))].
walk_all_kinds() -> each_(fun(T) -> fill_(T, 200), s_(walk_(T, ets:first(T))) =:= lists:seq(1, 200) end).
walk_with_lookup() -> case erlang:function_exported(ets, first_lookup, 1) of true -> with_(ordered_set, fun(T) -> ets:insert(T, [{1, a}, {2, b}, {3, c}]), [ets:first_lookup(T), ets:last_lookup(T), ets:next_lookup(T, 1), ets:prev_lookup(T, 1), ets:next_lookup(T, 3)] end); false -> none end.
walk_empty() -> each_(fun(T) -> [ets:first(T), ets:last(T)] end).
walk_wrong_key() -> with_(set, fun(T) -> [err(fun() -> ets:next(T, nokey) end), err(fun() -> ets:prev(T, nokey) end)] end).
walk_while_deleting() -> [with_(K, fun(T) -> fill_(T, 300), ets:safe_fixtable(T, true), L = dwalk_(T, ets:first(T)), ets:safe_fixtable(T, false), {K, length(L), ets:info(T, size)} end) || K <- kinds_()].
dwalk_(_, '$end_of_table') -> [];
dwalk_(T, K) -> ets:delete(T, K), [K | dwalk_(T, ets:next(T, K))].
ordered_bulk() -> with_(ordered_set, fun(T) -> Ks = [(N * 7919) rem 10007 || N <- lists:seq(1, 3000)], [ets:insert(T, {K}) || K <- Ks], [ets:delete(T, K) || K <- lists:seq(1, 10007, 3)], E = lists:usort([{K} || K <- Ks, K rem 3 =/= 1]), ets:tab2list(T) =:= E end).
set_bulk() -> with_(set, fun(T) -> [ets:insert(T, {{k, N}, N}) || N <- lists:seq(1, 10000)], [ets:delete(T, {k, N}) || N <- lists:seq(1, 10000, 2)], {ets:info(T, size), ets:foldl(fun({_, V}, A) -> V + A end, 0, T)} end).
bag_bulk() -> with_(bag, fun(T) -> [ets:insert(T, {N rem 10, N}) || N <- lists:seq(1, 1000)], {ets:info(T, size), length(ets:lookup(T, 3)), s_(ets:lookup_element(T, 9, 2)) =:= lists:seq(9, 999, 10)} end).
bag_order_of_insertion() -> [with_(K, fun(T) -> [ets:insert(T, {k, N}) || N <- [3, 1, 2, 1]], ets:lookup(T, k) end) || K <- [bag, duplicate_bag]].
match() -> with_(ordered_set, fun(T) -> fill_(T, 5), [ets:match(T, {'$1', 9, '_'}), ets:match(T, {'$2', '$1', '_'}), ets:match(T, {'_', '_'}), ets:match(T, '$1'), ets:match(T, {2, '$1', ['$1']}), ets:match(T, {'$1', '_', ['$1']}), ets:match(T, '_')] end).
match_object() -> with_(ordered_set, fun(T) -> fill_(T, 4), [ets:match_object(T, {'_', 4, '_'}), ets:match_object(T, {'$1', '_', ['$1']}), ets:match_object(T, {9, '_', '_'})] end).
match_delete() -> each_(fun(T) -> ets:insert(T, [{a, 1}, {b, 2}, {c, 1}]), ets:match_delete(T, {'_', 1}), ets:tab2list(T) end).
match_maps() -> with_(ordered_set, fun(T) -> ets:insert(T, [{1, #{a => 1, b => 2}}, {2, #{a => 2}}, {3, x}]), [ets:match(T, {'$1', #{a => '$2'}}), ets:match(T, {'$1', #{}})] end).
select() -> with_(ordered_set, fun(T) -> fill_(T, 6), [ets:select(T, [{{'$1', '$2', '_'}, [{'>', '$2', 10}], ['$1']}]), ets:select(T, [{{'$1', '_', '_'}, [], ['$_']}]), ets:select(T, [{{'$1', '$2', '_'}, [{'=:=', {'rem', '$1', 2}, 0}], [{{'$1', {'+', '$2', 1}}}]}]), ets:select(T, [{'_', [], ['$$']}]), ets:select(T, [{{'$1', '$2', '$3'}, [], ['$$']}])] end).
select_guards() -> with_(ordered_set, fun(T) -> ets:insert(T, [{1, a}, {2, "s"}, {3, 4.5}, {4, {x, y}}, {5, #{k => v}}, {6, <<"bin">>}, {7, [1, 2, 3]}, {8, 12}, {9, []}]), [{G, ets:select(T, [{{'$1', '$2'}, [G], ['$1']}])} || G <- [{is_atom, '$2'}, {is_list, '$2'}, {is_float, '$2'}, {is_tuple, '$2'}, {is_map, '$2'}, {is_binary, '$2'}, {is_number, '$2'}, {is_integer, '$2'}, {'==', {length, '$2'}, 3}, {'=:=', {element, 1, '$2'}, x}, {'>', {size, '$2'}, 2}, {'andalso', {is_number, '$2'}, {'>', '$2', 5}}, {'orelse', {is_atom, '$2'}, {is_float, '$2'}}, {'not', {is_list, '$2'}}, {'and', true, {is_atom, '$2'}}, {'xor', true, {is_atom, '$2'}}, {'<', '$1', 3}, {'=/=', '$2', a}, {'==', '$2', {const, {x, y}}}, {'=:=', '$2', {{x, y}}}, {is_map_key, k, '$2'}, {'=:=', {map_get, k, '$2'}, v}, {'==', {hd, '$2'}, 1}, {'==', {'band', '$2', 4}, 4}, {'>', {abs, {'-', '$2', 20}}, 7}, {'==', {trunc, '$2'}, 4}, true, false]] end).
select_bodies() -> with_(ordered_set, fun(T) -> ets:insert(T, {1, 2, [3]}), [ets:select(T, [{{'$1', '$2', '$3'}, [], [B]}]) || B <- ['$1', '$_', '$$', {{'$1', x}}, ['$1', '$2'], {const, {'$1'}}, {'+', '$1', '$2'}, {element, 2, '$_'}, #{a => '$1'}, atom, {self}, "str", {{}}, {tuple_size, '$_'}, {hd, '$3'}, {'div', 7, '$2'}] , B =/= {self}] end).
select_body_fails() -> with_(set, fun(T) -> ets:insert(T, {1, a}), ets:select(T, [{{'$1', '$2'}, [], [{'+', '$1', '$2'}]}]) end).
select_several_clauses() -> with_(ordered_set, fun(T) -> ets:insert(T, [{1, a}, {2, b}, {3, c}]), ets:select(T, [{{'$1', a}, [], [first]}, {{'$1', b}, [], [{{second, '$1'}}]}, {'_', [{'<', 1, 2}], [rest]}]) end).
select_count() -> each_(fun(T) -> fill_(T, 100), ets:select_count(T, [{{'$1', '_', '_'}, [{'>', '$1', 40}], [true]}]) end).
select_count_not_true() -> with_(set, fun(T) -> fill_(T, 10), ets:select_count(T, [{'_', [], [yes]}]) end).
select_delete() -> each_(fun(T) -> fill_(T, 100), {ets:select_delete(T, [{{'$1', '_', '_'}, [{'>', '$1', 40}], [true]}]), ets:info(T, size)} end).
select_replace() -> [with_(K, fun(T) -> fill_(T, 4), {ets:select_replace(T, [{{'$1', '$2', '$3'}, [{'>', '$1', 2}], [{{'$1', replaced, '$3'}}]}]), s_(ets:tab2list(T))} end) || K <- [set, ordered_set, duplicate_bag]].
select_replace_wrong() -> with_(set, fun(T) -> fill_(T, 2), [err(fun() -> ets:select_replace(T, [{{'$1', '$2', '$3'}, [], [{{'$2', x}}]}]) end)] end).
select_limit() -> each_(fun(T) -> fill_(T, 25), sl_(ets:select(T, [{{'$1', '_', '_'}, [], ['$1']}], 10), 0, []) end).
sl_('$end_of_table', N, A) -> {N > 0, s_(A) =:= lists:seq(1, 25)};
sl_({L, C}, N, A) -> sl_(ets:select(C), N + 1, L ++ A).
select_limit_ordered() -> with_(ordered_set, fun(T) -> fill_(T, 10), {A, C1} = ets:select(T, [{{'$1', '_', '_'}, [], ['$1']}], 4), {B, C2} = ets:select(C1), R = ets:select(C2), {A, B, R =:= '$end_of_table' orelse element(1, R)} end).
select_reverse() -> with_(ordered_set, fun(T) -> fill_(T, 6), {A, _} = ets:select_reverse(T, [{{'$1', '_', '_'}, [], ['$1']}], 2), {ets:select_reverse(T, [{{'$1', '_', '_'}, [], ['$1']}]), A} end).
select_bound_key() -> each_(fun(T) -> fill_(T, 50), ets:select(T, [{{7, '$1', '_'}, [], ['$1']}]) end).
select_prefix_key() -> with_(ordered_set, fun(T) -> [ets:insert(T, {{A, B}, A * B}) || A <- lists:seq(1, 5), B <- lists:seq(1, 5)], ets:select(T, [{{{3, '$1'}, '$2'}, [], [{{'$1', '$2'}}]}]) end).
match_limit() -> with_(ordered_set, fun(T) -> fill_(T, 5), {A, C} = ets:match(T, {'$1', '_', '_'}, 2), {B, _} = ets:match(C), {A, B} end).
match_object_limit() -> with_(ordered_set, fun(T) -> fill_(T, 3), {A, C} = ets:match_object(T, {'_', '_', '_'}, 2), {B, _} = ets:match_object(C), {A, B} end).
match_spec_wrong() -> with_(set, fun(T) -> ets:insert(T, {a, 1}), [err(fun() -> ets:select(T, id(S)) end) || S <- [foo, [], [foo], [{'$1', [], []}], [{'$1', [foo], ['$1']}], [{'$1', [{foo, 1}], ['$1']}], [{'$1', [], ['$2']}], [{'$1', [{'>', '$9', 1}], ['$1']}], [{'_', [], [{a, b}]}]]] end).
match_spec_test() -> [ets:test_ms({a, 5}, [{{'_', '$1'}, [{'>', '$1', 3}], [{{'$1', x}}]}]), ets:test_ms({a, 1}, [{{'_', '$1'}, [{'>', '$1', 3}], ['$1']}]), element(1, ets:test_ms({a}, [{'_', [{foo, 1}], ['$_']}]))].
match_spec_compiled() -> C = ets:match_spec_compile([{{'$1', '$2'}, [{'<', '$1', 3}], ['$2']}]), [ets:is_compiled_ms(C), ets:match_spec_run([{1, a}, {5, b}, {2, c}, x], C)].
fun2ms_result() -> with_(ordered_set, fun(T) -> fill_(T, 5), ets:select(T, [{{'$1', '$2', '_'}, [{'andalso', {'>', '$1', 1}, {'<', '$2', 20}}], [{{'$1', '$2'}}]}]) end).
folds() -> [with_(ordered_set, fun(T) -> fill_(T, 5), {ets:foldl(fun({K, _, _}, A) -> [K | A] end, [], T), ets:foldr(fun({K, _, _}, A) -> [K | A] end, [], T)} end)].
slots() -> with_(set, fun(T) -> fill_(T, 20), s_(sl2_(T, 0)) =:= lists:seq(1, 20) end).
sl2_(T, N) -> case ets:slot(T, N) of '$end_of_table' -> []; L -> [K || {K, _, _} <- L] ++ sl2_(T, N + 1) end.
named() -> ets:new(nm_one, [named_table]), R = [ets:insert(nm_one, {a, 1}), ets:lookup(nm_one, a), ets:info(nm_one, name), ets:info(nm_one, named_table), ets:whereis(nm_one) =/= undefined, ets:whereis(nm_none), err(fun() -> ets:new(nm_one, [named_table]) end), ets:rename(nm_one, nm_two), ets:lookup(nm_two, a), err(fun() -> ets:lookup(nm_one, a) end)], ets:delete(nm_two), R.
new_result() -> [is_reference(t_(set)), ets:new(nm_res, [named_table])].
new_options() -> [begin T = ets:new(t, O), R = [ets:info(T, I) || I <- [type, keypos, protection, named_table, compressed, read_concurrency, write_concurrency, decentralized_counters, heir, name]], ets:delete(T), R end || O <- [[], [bag, public], [ordered_set, private, {keypos, 3}], [compressed], [{read_concurrency, true}, {write_concurrency, true}], [{write_concurrency, auto}], [{heir, none}], [set, protected, {decentralized_counters, true}]]].
new_wrong() -> [err(fun() -> ets:new(id(N), id(O)) end) || {N, O} <- [{t, foo}, {t, [foo]}, {1, []}, {t, [{keypos, 0}]}, {t, [{keypos, a}]}, {t, [{heir, a, b}]}, {t, [set | x]}, {t, [{read_concurrency, 1}]}]].
info() -> T = fill_(ets:new(t, [public]), 10), L = ets:info(T), {s_([K || {K, _} <- L]), proplists:get_value(size, L), proplists:get_value(owner, L) =:= self(), proplists:get_value(node, L), proplists:get_value(memory, L) > 10, ets:info(T, id) =:= T}.
info_wrong() -> [err(fun() -> ets:info(make_ref()) end), ets:info(nm_never), err(fun() -> ets:info(id(1)) end), err(fun() -> ets:info(t_(set), id(foo)) end)].
owner_and_all() -> T = t_(set), {lists:member(T, ets:all()), ets:info(T, owner) =:= self()}.
protection() -> [begin T = ets:new(t, [P]), ets:insert(T, {a, 1}), {P, in_process(fun() -> [err(fun() -> ets:lookup(T, a) end), err(fun() -> ets:insert(T, {b, 1}) end) , P =/= public andalso err(fun() -> ets:delete(T) end)] end), s_(ets:tab2list(T))} end || P <- [public, protected, private]].
dies_with_owner() -> S = self(), {P, R} = spawn_monitor(fun() -> S ! {tab, ets:new(t, [public])}, receive stop -> ok end end), T = receive {tab, X} -> X end, A = ets:insert(T, {a}), P ! stop, gone(P, R), {A, ets:info(T)}.
named_dies_with_owner() -> {P, R} = spawn_monitor(fun() -> ets:new(nm_owned, [named_table]), receive stop -> ok end end), wait_(nm_owned), P ! stop, gone(P, R), {ets:whereis(nm_owned), ets:new(nm_owned, [named_table])}.
wait_(N) -> case ets:whereis(N) of undefined -> timer:sleep(1), wait_(N); _ -> ok end.
heir() -> S = self(), {P, R} = spawn_monitor(fun() -> T = ets:new(t, [{heir, S, my_data}]), ets:insert(T, {a, 1}), exit(bye) end), receive {'ETS-TRANSFER', T, P, D} -> gone(P, R), {D, ets:lookup(T, a), ets:info(T, owner) =:= self(), ets:insert(T, {b, 2})} after 3000 -> none end.
heir_dead() -> {H, M} = spawn_monitor(fun() -> ok end), gone(H, M), S = self(), {P, R} = spawn_monitor(fun() -> S ! {tab, ets:new(t, [{heir, H, d}])} end), T = receive {tab, X} -> X end, gone(P, R), ets:info(T).
heir_changed() -> T = ets:new(t, []), A = ets:info(T, heir), ets:setopts(T, {heir, self(), x}), B = ets:info(T, heir) =:= self(), ets:setopts(T, [{heir, none}]), {A, B, ets:info(T, heir)}.
give_away() -> S = self(), P = spawn(fun() -> receive {'ETS-TRANSFER', T, S, D} -> S ! {got, D, ets:lookup(T, a), ets:insert(T, {b, 1})}, receive stop -> ok end end end), T = t_(set), ets:insert(T, {a, 1}), X = ets:give_away(T, P, gift), R = take_(), E = err(fun() -> ets:insert(T, {c, 1}) end), P ! stop, {X, R, E}.
take_() -> conformance:take().
give_away_wrong() -> T = t_(set), {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), [err(fun() -> ets:give_away(T, P, x) end), err(fun() -> ets:give_away(T, self(), x) end), err(fun() -> ets:give_away(T, id(a), x) end)].
many_tables() -> Ts = [t_(set) || _ <- lists:seq(1, 500)], [ets:insert(T, {N, N}) || {T, N} <- lists:zip(Ts, lists:seq(1, 500))], R = lists:sum([hd([V || {_, V} <- ets:tab2list(T)]) || T <- Ts]), [ets:delete(T) || T <- Ts], R.
concurrent_counters() -> T = ets:new(t, [public, {write_concurrency, true}]), ets:insert(T, {n, 0}), Ps = [spawn_monitor(fun() -> [ets:update_counter(T, n, 1) || _ <- lists:seq(1, 500)] end) || _ <- lists:seq(1, 8)], [gone(P, R) || {P, R} <- Ps], ets:lookup(T, n).
concurrent_inserts() -> [begin T = ets:new(t, [K, public]), Ps = [spawn_monitor(fun() -> [ets:insert(T, {{N, M}, M}) || M <- lists:seq(1, 300)] end) || N <- lists:seq(1, 6)], [gone(P, R) || {P, R} <- Ps], {K, ets:info(T, size)} end || K <- kinds_()].
lookup_wrong() -> [err(fun() -> ets:lookup(id(no_table_here), a) end), err(fun() -> ets:insert(t_(set), id(a)) end), err(fun() -> ets:insert(t_(set), id({})) end), err(fun() -> ets:insert(t_(set), id([{a}, b])) end), err(fun() -> ets:insert(t_(set), id([{a} | b])) end), stack(fun() -> ets:lookup(id(no_table_here), a) end)].
file_format_free() -> T = fill_(t_(ordered_set), 3), D = ets:tab2list(T), U = t_(ordered_set), ets:insert(U, D), ets:tab2list(U) =:= D.
%% A table's reference that was text or bytes in between still means it, as long as it lives.
reference_made_again() -> T = ets:new(t, []), ets:insert(T, {1, one}), Rs = [list_to_ref(ref_to_list(T)), binary_to_term(term_to_binary(T))],
    R = [{R =:= T, err(fun() -> ets:lookup(R, 1) end), err(fun() -> ets:insert(R, {2, two}) end), err(fun() -> ets:info(R, size) end), err(fun() -> ets:info(R, type) end)} || R <- Rs],
    ets:delete(hd(Rs)), [R, ets:info(T), err(fun() -> ets:lookup(hd(Rs), 1) end), err(fun() -> ets:lookup(make_ref(), 1) end)].
