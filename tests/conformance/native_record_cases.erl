%% SPDX-License-Identifier: Apache-2.0
%% Native records: made, matched, read, updated, ordered, printed, sent, in external format.
%% Since release 29.
-module(native_record_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, in_process/1]).
-record #point{x = 0, y}.
-record #box{a = 1, b = [2], c = "three", d = 4.0}.
-record #none{}.
-export_record([point]).

make() -> [#point{y = 2}, #point{x = 1, y = 2}, #box{}, #box{b = id(x), d = id({y})}, #none{}].
read() -> P = id(#point{y = 2}), [P#point.x, P#point.y, (id(#box{}))#box.c].
read_wrong() -> [err(fun() -> (id(V))#point.x end) || V <- [x, {point, 1, 2}, #box{}, #{}, []]].
read_stack() -> stack(fun() -> (id(a))#point.y end).
update() -> P = id(#point{y = 2}), B = id(#box{}), [P#point{x = 5}, P#point{x = 5, y = 6}, P, B#box{d = x, a = y}, B].
update_wrong() -> [err(fun() -> (id(V))#point{x = 1} end) || V <- [x, #box{}, {}]].
match() -> [m_(V) || V <- [#point{x = 0, y = 1}, #point{x = 3, y = 4}, #box{}, #box{a = z}, #none{}, {point, 1, 2}, x]].
m_(#point{x = 0, y = Y}) -> {origin, Y};
m_(#point{x = X, y = Y}) -> {point, X, Y};
m_(#box{a = 1, c = C}) -> {box, C};
m_(#box{}) -> other_box;
m_(#none{}) -> none;
m_(_) -> other.
guards() -> [g_(V) || V <- [#point{y = 1}, #point{x = 9, y = 1}, #box{}, {a}, x]].
g_(V) when is_record(V, point), V#point.x > 5 -> far;
g_(V) when is_record(V, point) -> near;
g_(V) when is_record(V) -> some;
g_(_) -> no.
type_tests() -> R = id(#point{y = 1}), [is_tuple(R), is_map(R), is_list(R), is_record(R), is_record(id({point, 1, 2})), is_atom(R)].
any_name() -> R = id(#point{y = 7}), [R#_.y, err(fun() -> (id(#box{}))#_.y end)].
equality() -> [id(#point{y = 1}) =:= id(#point{y = 1}), id(#point{y = 1}) =:= id(#point{y = 2}), id(#point{y = 1}) == id(#point{y = 1.0}), id(#point{y = 1}) =:= id(#point{y = 1.0})].
order() -> R = id(#point{y = 1}), [R < 1, R < a, R < {}, R < #{}, R < [], R < <<>>, R < self(), R < make_ref(), R < fun() -> ok end].
order_among() -> lists:sort([#point{y = 2}, #box{}, #point{y = 1}, #none{}, #point{x = -1, y = 9}, {a}, #{}, 1]).
as_key() -> M = #{id(#point{y = 1}) => a}, [maps:get(#point{y = 1}, M), maps:is_key(#point{y = 2}, M)].
%% OTP hashes the values in the order in which the atoms of their fields were made: not specified for a to d of box.
hash() -> [erlang:phash2(R) || R <- [#point{y = 1}, #point{y = 2}, #none{}]].
external() -> [term_to_binary(R) || R <- [#point{y = 2}, #box{}, #none{}]].
external_back() -> [binary_to_term(term_to_binary(R)) =:= R || R <- [#point{y = 2}, #box{}, #none{}, {#point{y = #box{}}}]].
printing() -> [lists:flatten(io_lib:format("~p ~w", [R, R])) || R <- [#point{y = 2}, #box{}, #none{}]].
sent() -> R = id(#box{b = lists:seq(1, 50)}), in_process(fun() -> R =:= #box{b = lists:seq(1, 50)} end).
kept() -> R = id(#box{b = lists:seq(1, 50)}), erlang:garbage_collect(), L = [#point{x = N, y = R} || N <- lists:seq(1, 100)], erlang:garbage_collect(), lists:sum([P#point.x + length((P#point.y)#box.b) || P <- L]).
in_ets() -> T = ets:new(t, []), ets:insert(T, {k, #point{y = 3}}), ets:lookup(T, k).
described() -> R = id(#point{y = 1}), [records:get_field_names(R), records:get_module(R), records:get_name(R), records:is_exported(R), records:is_exported(id(#box{})), records:get(y, R)].
described_wrong() -> [err(fun() -> records:get_name(id(x)) end), err(fun() -> records:get(z, id(#point{y = 1})) end)].
made_by_function() -> [err(fun() -> records:create(?MODULE, point, #{y => 4}, #{}) end), err(fun() -> records:update(id(#point{y = 1}), ?MODULE, point, #{x => 8}) end)].
definition() -> records:get_definition(?MODULE, point).

integer_ranges() -> [ir_(X) || X <- [0, 1, 5, 10, 11, 5.0, a, 1 bsl 70]].
ir_(X) when is_integer(X, 1, 10) -> inside;
ir_(_) -> outside.
integer_range_function() -> [is_integer(id(X), id(1), id(1 bsl 64)) || X <- [0, 1, 1 bsl 63, 1 bsl 65, a]].
