%% SPDX-License-Identifier: Apache-2.0
%% Lists: construction, list BIFs, the lists module with its native functions, comprehensions, long lists.
-module(list_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

append() -> [id([1, 2]) ++ id([3]), id([]) ++ id([1]), id([1]) ++ id([]), id([1]) ++ id(2), id([]) ++ id(foo), id([1, 2]) ++ id([3 | 4])].
append_wrong() -> [err(fun() -> id(a) ++ id([1]) end), err(fun() -> id([1 | 2]) ++ id([1]) end), stack(fun() -> id(a) ++ id([1]) end)].
append_long() -> L = lists:seq(1, 50000), length(L ++ L) + lists:last(L ++ [7]).
subtract() -> [id([1, 2, 3, 2, 1]) -- id([2, 1]), id([1, 2]) -- id([]), id([]) -- id([1]), id([1, 1.0, 2]) -- id([1.0]), id([a, b, c]) -- id([c, b, a, d])].
subtract_wrong() -> [err(fun() -> id(a) -- id([1]) end), err(fun() -> id([1]) -- id(a) end), err(fun() -> id([1 | 2]) -- id([1]) end), err(fun() -> id([1]) -- id([1 | 2]) end)].
subtract_large() -> L = lists:seq(1, 3000), {L -- lists:seq(1, 3000, 2) =:= lists:seq(2, 3000, 2), length(lists:duplicate(1000, x) -- lists:duplicate(400, x))}.
subtract_keeps_order() -> id([3, a, 1 bsl 70, "x", {1}, 3, a]) -- id([a, "x", 3]).
hd_tl() -> [hd(id([1, 2])), tl(id([1, 2])), hd(id([1 | 2])), tl(id([1 | 2])), err(fun() -> hd(id([])) end), err(fun() -> tl(id([])) end), err(fun() -> hd(id(a)) end), stack(fun() -> hd(id([])) end), stack(fun() -> tl(id(x)) end)].
lengths() -> [length(id([])), length(id([1])), length(lists:seq(1, 100000)), err(fun() -> length(id(a)) end), err(fun() -> length(id([1 | 2])) end), stack(fun() -> length(id([1 | 2])) end)].
length_guard() -> [case id(L) of X when length(X) > 1 -> long; X when length(X) =:= 0 -> empty; _ -> other end || L <- [[], [1], [1, 2], [1, 2 | 3], a]].
patterns() -> [p_(L) || L <- [[], [1], [1, 2], [1, 2, 3], [1 | 2], [[]], a, "abc", [x, [y, [z]]]]].
p_([]) -> nil; p_([X]) when is_list(X) -> {nested, X}; p_([X]) -> {one, X}; p_([X, Y]) when is_list(Y) -> {deep, X, Y}; p_([X, Y]) -> {two, X, Y}; p_([X, Y | R]) -> {more, X, Y, R}; p_([H | T]) -> {cons, H, T}; p_(_) -> none.
strings_match() -> [case id(S) of "abc" ++ R -> {abc, R}; "x" -> x; _ -> other end || S <- ["abcdef", "abc", "x", "ab", a]].
member() -> [lists:member(X, [1, 1 bsl 70, a, "s", {1, 2}, 2.0, <<1>>, #{a => 1}]) || X <- [1, 1.0, 2, 2.0, 1 bsl 70, a, b, "s", {1, 2}, <<1>>, #{a => 1}, []]].
member_wrong() -> [err(fun() -> lists:member(1, id(a)) end), err(fun() -> lists:member(1, id([2 | 3])) end), lists:member(2, id([2 | 3]))].
reverse() -> [lists:reverse(id([1, 2, 3])), lists:reverse(id([])), lists:reverse(id([1]), id([2])), lists:reverse(id([1, 2]), id(foo)), err(fun() -> lists:reverse(id(a)) end), err(fun() -> lists:reverse(id([1 | 2])) end), err(fun() -> lists:reverse(id([1, 2, 3 | x]), []) end)].
reverse_long() -> L = lists:seq(1, 200000), hd(lists:reverse(L)) + length(lists:reverse(L, L)).
keyfind() -> L = [{a, 1}, {b, 2, x}, b, {2, z}, {2.0, y}, {"k", v}], [lists:keyfind(K, P, L) || {K, P} <- [{a, 1}, {b, 1}, {x, 3}, {2, 1}, {2.0, 1}, {"k", 1}, {c, 1}, {2, 2}]].
keymember() -> L = [{a, 1}, {b, 2}], [lists:keymember(K, P, L) || {K, P} <- [{a, 1}, {2, 2}, {2.0, 2}, {c, 1}]].
keysearch() -> [lists:keysearch(b, 1, [{a, 1}, {b, 2}]), lists:keysearch(c, 1, [{a, 1}])].
key_wrong() -> [err(fun() -> lists:keyfind(a, id(0), []) end), err(fun() -> lists:keyfind(a, id(x), []) end), err(fun() -> lists:keyfind(a, 1, id(x)) end), err(fun() -> lists:keymember(a, 1, id([{b} | c])) end), lists:keyfind(a, 1, id([{a} | c])), stack(fun() -> lists:keyfind(a, id(0), [{a}]) end)].
keystore() -> [lists:keystore(b, 1, [{a, 1}, {b, 2}], {b, 3}), lists:keystore(c, 1, [{a, 1}], {c, 3}), lists:keyreplace(a, 1, [{a, 1}, {a, 2}], {x}), lists:keydelete(a, 1, [{a, 1}, {a, 2}]), lists:keytake(b, 1, [{a, 1}, {b, 2}]), lists:keytake(z, 1, [])].
keysort() -> [lists:keysort(1, [{b, 1}, {a, 2}, {b, 0}]), lists:keysort(2, [{b, 1}, {a, 2}, {b, 0}]), lists:ukeysort(1, [{b, 1}, {a, 2}, {b, 0}]), lists:keymerge(1, [{a}, {c}], [{b}]), lists:keymap(fun(X) -> X + 1 end, 2, [{a, 1}])].
sort() -> [lists:sort([3, 1, 2]), lists:sort([c, 1, "a", {1}, 2.5, <<1>>, [], #{}, a]), lists:sort(fun(A, B) -> A >= B end, [1, 3, 2]), lists:usort([2, 1, 2, 1.0, 1]), lists:usort(fun(A, B) -> A =< B end, [2, 1, 2])].
sort_stable() -> lists:sort(fun({A, _}, {B, _}) -> A =< B end, [{2, a}, {1, a}, {2, b}, {1, b}, {2, c}, {1, c}]).
sort_large() -> R = rnd_(5000, 42), S = lists:sort(R), {erlang:phash2(S), sorted_(S), lists:usort(R) =:= lists:usort(S), lists:sort(lists:reverse(S)) =:= S, lists:reverse(S) =:= lists:sort(fun(A, B) -> A >= B end, R)}.
rnd_(0, _) -> [];
rnd_(N, S) -> X = (S * 1103515245 + 12345) band 16#7fffffff, [X rem 10007 | rnd_(N - 1, X)].
sorted_([A, B | R]) -> A =< B andalso sorted_([B | R]);
sorted_(_) -> true.
merge() -> [lists:merge([1, 3], [2, 4]), lists:merge([[1, 4], [2], [3]]), lists:umerge([1, 2], [2, 3]), lists:merge3([1], [0], [2]), lists:umerge([[1], [1, 2]])].
seq() -> [lists:seq(1, 5), lists:seq(1, 0), lists:seq(5, 1, -2), lists:seq(1, 10, 3), lists:seq(0, 0), lists:seq(1 bsl 60, (1 bsl 60) + 2), err(fun() -> lists:seq(1, -1) end), err(fun() -> lists:seq(1, 5, 0) end), err(fun() -> lists:seq(a, 5) end)].
folds() -> [lists:foldl(fun(X, A) -> [X | A] end, [], [1, 2, 3]), lists:foldr(fun(X, A) -> [X | A] end, [], [1, 2, 3]), lists:mapfoldl(fun(X, A) -> {X * 2, A + X} end, 0, [1, 2]), lists:mapfoldr(fun(X, A) -> {X * 2, [X | A]} end, [], [1, 2]), lists:foldl(fun erlang:'+'/2, 0, lists:seq(1, 1000))].
fold_wrong() -> [err(fun() -> lists:foldl(id(a), 0, [1]) end), err(fun() -> lists:foldl(fun(X) -> X end, 0, [1]) end), err(fun() -> lists:map(fun(X) -> X end, id(a)) end), err(fun() -> lists:map(fun(X) -> X end, id([1 | 2])) end)].
maps_and_filters() -> [lists:map(fun(X) -> X * X end, [1, 2, 3]), lists:filter(fun(X) -> X > 1 end, [1, 2, 3]), lists:filtermap(fun(1) -> true; (2) -> {true, two}; (_) -> false end, [1, 2, 3]), lists:flatmap(fun(X) -> [X, X] end, [1, 2]), lists:partition(fun(X) -> X > 1 end, [1, 2, 3]), lists:splitwith(fun(X) -> X < 2 end, [1, 2, 1]), lists:takewhile(fun(X) -> X < 2 end, [1, 2, 1]), lists:dropwhile(fun(X) -> X < 2 end, [1, 2, 1])].
all_any() -> [lists:all(fun is_atom/1, [a, b]), lists:all(fun is_atom/1, []), lists:any(fun is_atom/1, [1, b]), lists:any(fun is_atom/1, []), lists:search(fun is_atom/1, [1, b]), lists:search(fun is_atom/1, [1]), err(fun() -> lists:all(fun(_) -> x end, [1]) end)].
foreach() -> lists:foreach(fun(X) -> self() ! X end, [1, 2, 3]), flush().
flatten() -> [lists:flatten([1, [2, [3, []], 4], []]), lists:flatten([]), lists:flatten([1, [2]], [3]), lists:flatlength([1, [2, [3]]]), err(fun() -> lists:flatten(id([1 | 2])) end), lists:flatten([<<1>>, "ab"])].
flatten_deep() -> length(lists:flatten(lists:foldl(fun(X, A) -> [A, X] end, [], lists:seq(1, 10000)))).
zips() -> [lists:zip([1, 2], [a, b]), lists:zip3([1], [a], ["x"]), lists:zipwith(fun(A, B) -> A + B end, [1, 2], [3, 4]), lists:unzip([{1, a}, {2, b}]), lists:unzip3([{1, a, x}]), err(fun() -> lists:zip([1], [1, 2]) end), lists:zip([1], [1, 2], trim), lists:zip([1], [1, 2], {pad, {z, z}}), lists:enumerate([a, b]), lists:enumerate(5, [a, b]), lists:enumerate(0, 2, [a, b])].
nth() -> [lists:nth(2, [a, b, c]), lists:nthtail(1, [a, b, c]), lists:nthtail(3, [a, b, c]), lists:last([1, 2]), lists:droplast([1, 2]), err(fun() -> lists:nth(4, id([a, b, c])) end), err(fun() -> lists:nth(0, id([a])) end), err(fun() -> lists:last(id([])) end), err(fun() -> lists:droplast(id([])) end), err(fun() -> lists:nthtail(3, id([1])) end)].
sublists() -> [lists:sublist([1, 2, 3], 2), lists:sublist([1, 2, 3], 2, 5), lists:sublist([1], 5), lists:split(1, [1, 2]), err(fun() -> lists:split(3, id([1])) end), lists:prefix([1], [1, 2]), lists:suffix([2], [1, 2]), lists:prefix([2], [1]), lists:delete(2, [1, 2, 3, 2]), lists:duplicate(3, x), lists:join(x, [1, 2, 3]), lists:concat([a, 1, "b", 2.5]), lists:append([[1], [2, 3], []]), lists:subtract([1, 2], [1]), lists:uniq([1, 2, 1, 1.0]), lists:uniq(fun({A, _}) -> A end, [{1, a}, {1, b}])].
sums() -> [lists:sum([]), lists:sum([1, 2.5, 1 bsl 64]), lists:max([1, 3, 2]), lists:min([b, a, 1]), lists:max([1, 1.0]), lists:max([1.0, 1]), err(fun() -> lists:max(id([])) end), err(fun() -> lists:sum(id([a])) end)].
comprehensions() -> [[X * 2 || X <- [1, 2, 3]], [{X, Y} || X <- [1, 2], Y <- [a, b]], [X || X <- lists:seq(1, 20), X rem 3 =:= 0, X > 5], [X || {ok, X} <- [{ok, 1}, error, {ok, 2}]], [[Y || Y <- X] || X <- [[1], [], [2, 3]]], [X || X <- [1, a, 2], is_atom(X) orelse X > 1], [X || true, X <- [1]]].
comprehension_map_generator() -> lists:sort([{K, V} || K := V <- #{a => 1, b => 2, c => 3}, V > 1]).
comprehension_shadow() -> X = 5, {[X || X <- [1, 2]], X}.
comprehension_guard_fails() -> [[X || X <- [1, a, {}], X + 1 > 1], err(fun() -> [X || X <- [1], id(foo)] end), err(fun() -> [X || X <- [1], hd(id(X))] end)].
body_recursion_deep() -> sum_(1000000).
sum_(0) -> 0;
sum_(N) -> N + sum_(N - 1).
body_recursion_list() -> length(dup_(300000)).
dup_(0) -> [];
dup_(N) -> [N | dup_(N - 1)].
tail_recursion_long() -> count_(3000000, 0).
count_(0, A) -> A;
count_(N, A) -> count_(N - 1, A + 1).
naive_reverse() -> nrev_(lists:seq(1, 300)) =:= lists:seq(300, 1, -1).
nrev_([]) -> [];
nrev_([H | T]) -> nrev_(T) ++ [H].
quicksort() -> qs_(rnd_(2000, 7)) =:= lists:sort(rnd_(2000, 7)).
qs_([]) -> [];
qs_([H | T]) -> qs_([X || X <- T, X < H]) ++ [H | qs_([X || X <- T, X >= H])].
permutations() -> length(perms_([1, 2, 3, 4, 5, 6])).
perms_([]) -> [[]];
perms_(L) -> [[H | T] || H <- L, T <- perms_(L -- [H])].
queens() -> length(queens_(6)).
queens_(N) -> queens_(N, N).
queens_(0, _) -> [[]];
queens_(K, N) -> [[Q | B] || B <- queens_(K - 1, N), Q <- lists:seq(1, N), safe_(Q, 1, B)].
safe_(_, _, []) -> true;
safe_(Q, D, [C | R]) -> Q =/= C andalso abs(Q - C) =/= D andalso safe_(Q, D + 1, R).
sieve() -> sieve_(lists:seq(2, 200)).
sieve_([]) -> [];
sieve_([P | R]) -> [P | sieve_([X || X <- R, X rem P =/= 0])].
atoms_to_lists() -> [atom_to_list(abc), atom_to_list(''), atom_to_list('hello world'), atom_to_list('λ'), list_to_atom("xyz"), list_to_atom("λ"), list_to_existing_atom("abc"), err(fun() -> list_to_existing_atom("no_such_atom_here_at_all_" ++ id("x")) end)].
atoms_wrong() -> [err(fun() -> list_to_atom(id(a)) end), err(fun() -> list_to_atom([$a | b]) end), err(fun() -> list_to_atom(lists:duplicate(256, $a)) end), err(fun() -> list_to_atom([-1]) end), err(fun() -> list_to_atom([16#D800]) end), err(fun() -> atom_to_list(id(1)) end), length(atom_to_list(list_to_atom(lists:duplicate(255, 955)))), err(fun() -> binary_to_atom(binary:copy(<<"a">>, 256)) end)].
atoms_binaries() -> [atom_to_binary(abc), atom_to_binary('λ', utf8), atom_to_binary('é', latin1), err(fun() -> atom_to_binary('λ', latin1) end), binary_to_atom(<<"λ"/utf8>>), binary_to_atom(<<233>>, latin1), err(fun() -> binary_to_atom(<<233>>, utf8) end), binary_to_existing_atom(<<"abc">>), err(fun() -> binary_to_existing_atom(<<"another_that_is_nowhere_", (id(<<"x">>))/binary>>) end), err(fun() -> atom_to_binary(id(1)) end), err(fun() -> binary_to_atom(id(a)) end), err(fun() -> binary_to_atom(<<"a">>, foo) end)].
list_to_tuple_and_back() -> [list_to_tuple([1, 2]), list_to_tuple([]), tuple_to_list({a}), tuple_to_list({}), tuple_size(list_to_tuple(lists:seq(1, 10000))), err(fun() -> list_to_tuple(id(a)) end), err(fun() -> list_to_tuple(id([1 | 2])) end), err(fun() -> tuple_to_list(id([])) end)].
improper() -> [[1 | 2], [1, 2 | 3], is_list([1 | 2]), catch_(fun() -> [X || X <- [1 | 2]] end)].
catch_(F) -> err(F).
proplists() -> L = [{a, 1}, b, {c, 3}, {a, 2}], [proplists:get_value(a, L), proplists:get_value(b, L), proplists:get_value(z, L, def), proplists:get_all_values(a, L), proplists:is_defined(c, L), proplists:delete(a, L), lists:sort(proplists:get_keys(L)), proplists:to_map(L), proplists:compact([{x, true}])].
orddicts() -> D = orddict:store(b, 2, orddict:store(a, 1, orddict:new())), [D, orddict:find(a, D), orddict:update_counter(a, 5, D), orddict:fold(fun(_, V, A) -> V + A end, 0, D), ordsets:union([1, 3], [2, 3]), ordsets:subtract([1, 2], [2]), ordsets:is_subset([1], [1, 2])].
gb_trees_() -> ok.
balanced_trees() -> T = lists:foldl(fun(X, A) -> gb_trees:enter((X * 7919) rem 1009, X, A) end, gb_trees:empty(), lists:seq(1, 500)), {gb_trees:size(T), gb_trees:smallest(T), gb_trees:largest(T), gb_trees:lookup(5, T), erlang:phash2(gb_trees:to_list(T))}.
balanced_sets() -> S = gb_sets:from_list([3, 1, 2, 3]), {gb_sets:to_list(S), gb_sets:is_member(2, S), gb_sets:to_list(gb_sets:union(S, gb_sets:from_list([9]))), gb_sets:take_smallest(S)}.
queues() -> Q = lists:foldl(fun queue:in/2, queue:new(), [1, 2, 3]), {{value, A}, Q1} = queue:out(Q), {A, queue:to_list(Q1), queue:len(Q1), queue:peek_r(Q1), queue:out(queue:new()), queue:to_list(queue:reverse(Q)), queue:member(2, Q)}.
sets_v2() -> S = sets:from_list([1, 2, 3, 2], [{version, 2}]), {lists:sort(sets:to_list(S)), sets:size(S), sets:is_element(2, S), lists:sort(sets:to_list(sets:union(S, sets:from_list([7], [{version, 2}])))), sets:is_subset(S, S)}.
sets_v1() -> S = sets:from_list(lists:seq(1, 200), [{version, 1}]), {sets:size(S), sets:is_element(77, S), lists:sort(sets:to_list(sets:subtract(S, sets:from_list(lists:seq(1, 190), [{version, 1}]))))}.
dicts() -> D = lists:foldl(fun(X, A) -> dict:update_counter(X rem 17, X, A) end, dict:new(), lists:seq(1, 300)), {dict:size(D), dict:fetch(3, D), erlang:phash2(lists:sort(dict:to_list(D)))}.
arrays() -> A = array:set(100, x, array:from_list([a, b, c])), {array:get(1, A), array:get(50, A), array:size(A), array:sparse_size(A), array:sparse_to_list(A)}.
digraphs() -> G = digraph:new(), [digraph:add_vertex(G, V) || V <- [a, b, c, d]], [digraph:add_edge(G, A, B) || {A, B} <- [{a, b}, {b, c}, {a, d}]], R = {digraph:get_path(G, a, c), lists:sort(digraph_utils:topsort(G)), digraph_utils:is_acyclic(G)}, digraph:delete(G), R.
