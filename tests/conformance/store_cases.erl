%% SPDX-License-Identifier: Apache-2.0
%% persistent_term, atomics, counters, timers, time, environment, system information, and other small BIFs.
-module(store_cases).
-compile([export_all, nowarn_export_all]).
-import(conformance, [id/1, err/1, stack/1, sorted/1, in_process/1, flush/0, take/0, take/1, down/1, died/1, gone/2, frames/1]).

persistent() -> [persistent_term:put({?MODULE, a}, {x, [1, 2]}), persistent_term:get({?MODULE, a}), persistent_term:get({?MODULE, b}, def), err(fun() -> persistent_term:get({?MODULE, b}) end), persistent_term:put({?MODULE, a}, y), persistent_term:get({?MODULE, a}), persistent_term:erase({?MODULE, a}), persistent_term:erase({?MODULE, a}), persistent_term:get({?MODULE, a}, gone)].
persistent_shared() -> V = #{K => lists:seq(1, K) || K <- lists:seq(1, 40)}, persistent_term:put({?MODULE, s}, V), R = in_process(fun() -> persistent_term:get({?MODULE, s}) =:= V end), persistent_term:erase({?MODULE, s}), R.
persistent_erased_while_used() -> V = {big, lists:seq(1, 1000)}, persistent_term:put({?MODULE, e}, V), W = persistent_term:get({?MODULE, e}), persistent_term:erase({?MODULE, e}), erlang:garbage_collect(), W =:= V.
persistent_replaced_while_used() -> persistent_term:put({?MODULE, r}, {one, "text"}), W = persistent_term:get({?MODULE, r}), persistent_term:put({?MODULE, r}, two), [W, persistent_term:get({?MODULE, r}), persistent_term:erase({?MODULE, r})].
persistent_many() -> [persistent_term:put({?MODULE, N}, N) || N <- lists:seq(1, 500)], S = lists:sum([persistent_term:get({?MODULE, N}) || N <- lists:seq(1, 500)]), [persistent_term:erase({?MODULE, N}) || N <- lists:seq(1, 500)], {S, [K || {{?MODULE, _} = K, _} <- persistent_term:get()]}.
persistent_info() -> lists:sort(maps:keys(persistent_term:info())).
persistent_put_new() -> case erlang:function_exported(persistent_term, put_new, 2) of true -> [persistent_term:put_new({?MODULE, n}, 1), persistent_term:put_new({?MODULE, n}, 1), err(fun() -> persistent_term:put_new({?MODULE, n}, 2) end), persistent_term:erase({?MODULE, n})]; false -> none end.
atomics() -> A = atomics:new(3, []), [atomics:put(A, 1, 5), atomics:get(A, 1), atomics:get(A, 2), atomics:add(A, 2, -7), atomics:add_get(A, 2, 2), atomics:sub(A, 1, 1), atomics:sub_get(A, 1, 1), atomics:exchange(A, 3, 9), atomics:exchange(A, 3, 8), atomics:compare_exchange(A, 3, 8, 1), atomics:compare_exchange(A, 3, 8, 2), [atomics:get(A, N) || N <- [1, 2, 3]]].
atomics_info() -> A = atomics:new(2, [{signed, false}]), I = atomics:info(A), [maps:get(size, I), maps:get(max, I), maps:get(min, I), maps:get(max, atomics:info(atomics:new(1, []))), maps:get(min, atomics:info(atomics:new(1, [])))].
atomics_wrap() -> A = atomics:new(1, []), B = atomics:new(1, [{signed, false}]), atomics:put(A, 1, (1 bsl 63) - 1), atomics:add(A, 1, 1), atomics:sub(B, 1, 1), {atomics:get(A, 1), atomics:get(B, 1)}.
atomics_wrong() -> A = atomics:new(1, []), [err(F) || F <- [fun() -> atomics:new(id(0), []) end, fun() -> atomics:new(1, id([x])) end, fun() -> atomics:get(A, id(0)) end, fun() -> atomics:get(A, id(2)) end, fun() -> atomics:put(A, 1, id(1 bsl 64)) end, fun() -> atomics:put(A, 1, id(a)) end, fun() -> atomics:get(id(make_ref()), 1) end, fun() -> atomics:add(A, 1, id(1.0)) end]].
atomics_concurrent() -> A = atomics:new(1, []), Ps = [spawn_monitor(fun() -> [atomics:add(A, 1, 1) || _ <- lists:seq(1, 1000)] end) || _ <- lists:seq(1, 8)], [gone(P, R) || {P, R} <- Ps], atomics:get(A, 1).
counters() -> [begin C = counters:new(2, O), counters:add(C, 1, 5), counters:sub(C, 1, 2), counters:put(C, 2, 9), [counters:get(C, 1), counters:get(C, 2), maps:get(size, counters:info(C))] end || O <- [[], [atomics], [write_concurrency]]].
counters_wrong() -> C = counters:new(1, []), [err(F) || F <- [fun() -> counters:new(id(0), []) end, fun() -> counters:get(C, id(2)) end, fun() -> counters:add(C, 1, id(a)) end, fun() -> counters:get(id(a), 1) end]].
send_after() -> R = erlang:send_after(5, self(), hello), {is_reference(R), take()}.
send_after_to_name() -> register(timer_me, self()), erlang:send_after(5, timer_me, named), X = take(), unregister(timer_me), X.
start_timer() -> R = erlang:start_timer(5, self(), msg), receive {timeout, R, X} -> X end.
timer_zero() -> erlang:send_after(0, self(), now), take().
timer_order() -> [erlang:send_after(T, self(), T) || T <- [40, 10, 30, 20]], [take() || _ <- lists:seq(1, 4)].
cancel_timer() -> R = erlang:send_after(10000, self(), x), T = erlang:cancel_timer(R), {is_integer(T), T > 5000, T =< 10000, erlang:cancel_timer(R), take(20)}.
cancel_after_fire() -> R = erlang:send_after(1, self(), x), X = take(), {X, erlang:cancel_timer(R)}.
cancel_async() -> R = erlang:send_after(10000, self(), x), ok = erlang:cancel_timer(R, [{async, true}]), receive {cancel_timer, R, T} -> is_integer(T) after 1000 -> none end.
cancel_no_info() -> R = erlang:send_after(10000, self(), x), [erlang:cancel_timer(R, [{info, false}]), erlang:cancel_timer(R, [{info, false}]), take(20)].
read_timer() -> R = erlang:start_timer(10000, self(), x), T = erlang:read_timer(R), erlang:cancel_timer(R), {T > 5000, T =< 10000, erlang:read_timer(R), erlang:read_timer(make_ref())}.
timer_absolute() -> T = erlang:monotonic_time(millisecond) + 10, R = erlang:start_timer(T, self(), abs, [{abs, true}]), receive {timeout, R, X} -> {X, erlang:monotonic_time(millisecond) >= T} end.
timer_past_absolute() -> R = erlang:send_after(erlang:monotonic_time(millisecond) - 50, self(), past, [{abs, true}]), {is_reference(R), take()}.
timer_wrong() -> [err(F) || F <- [fun() -> erlang:send_after(id(-1), self(), x) end, fun() -> erlang:send_after(id(a), self(), x) end, fun() -> erlang:send_after(1, id(1), x) end, fun() -> erlang:send_after(id(1 bsl 70), self(), x) end, fun() -> erlang:cancel_timer(id(a)) end, fun() -> erlang:read_timer(id(a)) end, fun() -> erlang:start_timer(1, self(), x, id([foo])) end, fun() -> erlang:cancel_timer(make_ref(), id([foo])) end]].
timer_dead_target() -> {P, R} = spawn_monitor(fun() -> ok end), gone(P, R), is_reference(erlang:send_after(1, P, x)).
timer_of_dead_process() -> S = self(), {P, R} = spawn_monitor(fun() -> erlang:send_after(10, S, from_dead) end), gone(P, R), take(1000).
timer_target_dies() -> {P, R} = spawn_monitor(fun() -> receive stop -> ok end end), T = erlang:send_after(5000, P, x), P ! stop, gone(P, R), timer:sleep(5), case erlang:cancel_timer(T) of false -> cancelled; N when is_integer(N) -> cancelled end.
timer_large_message() -> M = {lists:seq(1, 500), binary:copy(<<"x">>, 300)}, erlang:send_after(1, self(), M), erlang:garbage_collect(), take() =:= M.
timers_many() -> [erlang:send_after(N rem 20, self(), N) || N <- lists:seq(1, 2000)], lists:sum([take() || _ <- lists:seq(1, 2000)]).
timers_many_cancelled() -> Rs = [erlang:send_after(60000 + N, self(), N) || N <- lists:seq(1, 5000)], {length([x || R <- Rs, is_integer(erlang:cancel_timer(R))]), take(5)}.
timer_not_early() -> [begin T0 = erlang:monotonic_time(microsecond), receive after T -> ok end, erlang:monotonic_time(microsecond) - T0 >= T * 1000 end || T <- [1, 3, 10, 25]].
timer_module() -> [timer:seconds(2), timer:minutes(1), timer:hours(1), timer:hms(1, 2, 3), timer:sleep(1), element(2, timer:tc(fun() -> ok end)), timer:now_diff({1, 2, 3}, {1, 1, 0})].
times() -> A = erlang:monotonic_time(), B = erlang:monotonic_time(), C = erlang:system_time(), [B >= A, is_integer(C), erlang:system_time(second) > 1600000000, abs(erlang:system_time(millisecond) - erlang:system_time(second) * 1000) < 2500, is_integer(erlang:time_offset()), abs(erlang:monotonic_time(millisecond) + erlang:time_offset(millisecond) - erlang:system_time(millisecond)) < 1000].
time_units() -> [erlang:convert_time_unit(1, second, U) || U <- [millisecond, microsecond, nanosecond, 1000, 7]] ++ [erlang:convert_time_unit(-1500, millisecond, second), erlang:convert_time_unit(1999, millisecond, second), err(fun() -> erlang:convert_time_unit(1, id(foo), second) end), err(fun() -> erlang:monotonic_time(id(foo)) end), err(fun() -> erlang:monotonic_time(id(0)) end)].
timestamps() -> {A, B, C} = erlang:timestamp(), {D, E, F} = os:timestamp(), lists:all(fun is_integer/1, [A, B, C, D, E, F, os:system_time(), os:system_time(second), os:perf_counter()]).
dates() -> {{Y, M, D}, {H, Mi, S}} = erlang:universaltime(), {Y2, _, _} = date(), {_, _, _} = time(), {{_, _, _}, {_, _, _}} = erlang:localtime(), {Y > 2020, M =< 12, D =< 31, H < 24, Mi < 60, S < 61, Y2 > 2020}.
date_conversions() -> [erlang:universaltime_to_posixtime({{2020, 2, 29}, {12, 34, 56}}), erlang:posixtime_to_universaltime(0), erlang:posixtime_to_universaltime(1582979696), erlang:posixtime_to_universaltime(-1), err(fun() -> erlang:universaltime_to_posixtime({{2020, 13, 1}, {0, 0, 0}}) end), err(fun() -> erlang:universaltime_to_posixtime({{2021, 2, 29}, {0, 0, 0}}) end)].
calendar() -> [calendar:datetime_to_gregorian_seconds({{2024, 2, 29}, {1, 2, 3}}), calendar:gregorian_seconds_to_datetime(63876430923), calendar:day_of_the_week(2024, 2, 29), calendar:is_leap_year(1900), calendar:last_day_of_the_month(2023, 2), calendar:iso_week_number({2021, 1, 3}), calendar:seconds_to_daystime(90061), calendar:system_time_to_rfc3339(1700000000, [{offset, "Z"}]), calendar:rfc3339_to_system_time("2023-11-14T22:13:20Z"), calendar:valid_date(2023, 2, 29)].
statistics() -> [is_tuple(erlang:statistics(reductions)), is_tuple(erlang:statistics(runtime)), is_tuple(erlang:statistics(wall_clock)), is_tuple(erlang:statistics(garbage_collection)), is_integer(erlang:statistics(run_queue)), err(fun() -> erlang:statistics(id(foo)) end)].
memory() -> [is_integer(erlang:memory(T)) || T <- [total, processes, system, atom, binary, ets, code]] ++ [err(fun() -> erlang:memory(id(foo)) end), lists:keymember(total, 1, erlang:memory())].
system_info_snifs() -> L = erlang:system_info(snifs), [lists:member(F, L) || F <- [{erlang, element, 2}, {lists, reverse, 2}, {ets, new, 2}, {maps, get, 2}, {binary, match, 2}, {lists, map, 2}, {nowhere, nothing, 0}]] ++ [lists:all(fun({M, F, A}) -> is_atom(M) andalso is_atom(F) andalso is_integer(A) end, L)].
system_info() -> [is_integer(erlang:system_info(I)) || I <- [process_count, process_limit, schedulers, schedulers_online, atom_count, atom_limit, port_limit, ets_limit, logical_processors_available]] ++ [erlang:system_info(wordsize), erlang:system_info({wordsize, external}), erlang:system_info(endian), erlang:system_info(otp_release), erlang:system_info(threads), is_list(erlang:system_info(version)), is_list(erlang:system_info(system_architecture)), erlang:system_info(machine), err(fun() -> erlang:system_info(id(foo)) end)].
system_flags() -> [is_integer(erlang:system_flag(fullsweep_after, 65535)), err(fun() -> erlang:system_flag(id(foo), 1) end)].
environment() -> [os:putenv("BEAMR_CONF_X", "value"), os:getenv("BEAMR_CONF_X"), os:getenv("BEAMR_CONF_NONE"), os:getenv("BEAMR_CONF_NONE", "def"), os:unsetenv("BEAMR_CONF_X"), os:getenv("BEAMR_CONF_X"), lists:any(fun(S) -> lists:prefix("PATH=", S) end, os:getenv())].
environment_wrong() -> [err(fun() -> os:getenv(id(a)) end), err(fun() -> os:putenv(id("A=B"), "x") end), err(fun() -> os:putenv("A", id(1)) end)].
os_info() -> [os:type(), is_tuple(os:version()), lists:all(fun(C) -> C >= $0 andalso C =< $9 end, os:getpid())].
random() -> S = rand:seed_s(exsss, {1, 2, 3}), {A, S1} = rand:uniform_s(100, S), {B, S2} = rand:uniform_s(S1), {C, _} = rand:normal_s(S2), {A, B, C}.
random_algorithms() -> [element(1, rand:uniform_s(1000000, rand:seed_s(A, 42))) || A <- [exsss, exro928ss, exrop, exs1024s, mwc59_free, exsp], A =/= mwc59_free].
random_bytes() -> {B, _} = rand:bytes_s(16, rand:seed_s(exsss, 7)), B.
random_process() -> rand:seed(exsss, {4, 5, 6}), [rand:uniform(10) || _ <- lists:seq(1, 20)].
mwc() -> lists:foldl(fun(_, X) -> rand:mwc59(X) end, 12345, lists:seq(1, 50)).
bump_reductions() -> [erlang:bump_reductions(10), erlang:bump_reductions(100000)].
display() -> erlang:display({not_compared, 1}).
universal_ref_compare() -> L = [make_ref() || _ <- lists:seq(1, 10)], lists:sort(lists:reverse(L)) =:= L orelse length(lists:usort(L)) =:= 10.
get_module_info() -> [?MODULE:module_info(module), is_list(?MODULE:module_info(compile)), lists:member({module_info, 0}, ?MODULE:module_info(exports)), is_binary(?MODULE:module_info(md5)), [K || {K, _} <- ?MODULE:module_info()], err(fun() -> ?MODULE:module_info(id(foo)) end), is_list(?MODULE:module_info(functions)), ?MODULE:module_info(nifs)].
module_info_attributes() -> [is_list(lists:module_info(attributes)), proplists:is_defined(vsn, ?MODULE:module_info(attributes))].
function_exported() -> [erlang:function_exported(?MODULE, function_exported, 0), erlang:function_exported(?MODULE, nope, 0), erlang:function_exported(erlang, self, 0), erlang:function_exported(lists, member, 2), erlang:function_exported(nomod, f, 1), erlang:is_builtin(erlang, self, 0), erlang:is_builtin(lists, map, 2), erlang:is_builtin(lists, reverse, 2)].
module_loaded() -> [erlang:module_loaded(?MODULE), erlang:module_loaded(no_such_module_at_all), err(fun() -> erlang:module_loaded(id(1)) end), lists:member(?MODULE, erlang:loaded())].
system_info_settings() -> [erlang:system_info(I) || I <- [async_dist, dist_ctrl, halt_flush_timeout, max_heap_size, message_queue_data, multi_scheduling_blockers, normal_multi_scheduling_blockers, outstanding_system_requests_limit, port_parallelism, scheduler_bind_type, taints, {cpu_topology, defined}, {cpu_topology, used}, {wordsize, internal}]].
system_info_schedulers() -> N = erlang:system_info(schedulers), [erlang:system_info(scheduler_bindings) =:= list_to_tuple(lists:duplicate(N, unbound)), erlang:system_info(schedulers_state) =:= {N, N, N}].
system_info_clocks() -> [begin L = erlang:system_info(S), [{K, element(2, lists:keyfind(K, 1, L))} || K <- [function, clock_id, parallel]] ++ [is_integer(element(2, lists:keyfind(K, 1, L))) || K <- [resolution, time]] end || S <- [os_system_time_source, os_monotonic_time_source]].
system_info_wrong() -> [err(fun() -> erlang:system_info(id(I)) end) || I <- [nothing, {nothing, 1}, {wordsize, 1}, {cpu_topology, 1}, 1, "x", {}]].
backtrace_depth() -> Old = erlang:system_flag(backtrace_depth, 3), R = try deep_(20) catch error:x:S -> length(S) end, Now = erlang:system_flag(backtrace_depth, 12), R2 = try deep_(20) catch error:x:S2 -> length(S2) end,
    R3 = try erlang:raise(error, x, [{m, f, N, []} || N <- lists:seq(1, 40)]) catch error:x:S3 -> length(S3) end, erlang:system_flag(backtrace_depth, Old), [Old, Now, R, R2, R3, erlang:system_flag(backtrace_depth, Old)].
backtrace_depth_none() -> Old = erlang:system_flag(backtrace_depth, 0), R = try deep_(20) catch error:x:S -> length(S) end, R2 = try erlang:raise(error, x, [{m, f, N, []} || N <- lists:seq(1, 5)]) catch error:x:S2 -> S2 end, R3 = process_info(self(), current_stacktrace), erlang:system_flag(backtrace_depth, Old), [R, R2, R3].
deep_(0) -> error(x);
deep_(N) -> [deep_(N - 1)].
