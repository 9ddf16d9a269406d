%% SPDX-License-Identifier: Apache-2.0
%% Booted.
%% What kernel has for other nodes, asked in a node that is alone: rpc, erpc, global, global_group, pg, net_kernel, net_adm, auth, heart; and the parts of inet that read text.
-module(local_node_cases).
-compile([export_all, nowarn_export_all, nowarn_deprecated_function]).
-import(conformance, [id/1, err/1, plain/1, flush/0, take/0, sorted/1]).

%% A call's value, or the text that OTP makes of its exception.
try_({M, F, A}) -> try plain(apply(M, F, A)) catch C:R:S -> {C, text_(C, R, S)} end.
text_(C, R, S) ->
    T = unicode:characters_to_list(erl_error:format_exception(C, R, S, #{stack_trim_fun => fun(M, _, _) -> M =:= ?MODULE orelse M =:= conformance end})),
    re:replace(T, "<[0-9.]+>", "<>", [global, {return, list}, unicode]).
tries_(M, Calls) -> [try_({M, F, id(A)}) || {F, A} <- Calls].
%% Class and reason, without stacks.
short_({M, F, A}) -> try plain(apply(M, F, A)) catch C:R -> {C, plain(cut_(R))} end.
cut_({R, [{M, F, A, _} | _]}) -> {R, {M, F, if is_list(A) -> length(A); true -> A end}};
cut_({exception, R, [{M, F, A, _} | _]}) -> {exception, R, {M, F, if is_list(A) -> length(A); true -> A end}};
cut_(R) when is_tuple(R) -> list_to_tuple([cut_(X) || X <- tuple_to_list(R)]);
cut_(R) -> R.
shorts_(M, Calls) -> [short_({M, F, id(A)}) || {F, A} <- Calls].

%% ---- erpc
erpc_calls() -> N = node(), shorts_(erpc, [{call, [N, fun() -> 1 end]}, {call, [N, fun() -> 1 end, 5000]}, {call, [N, lists, sum, [[1, 2]]]}, {call, [N, lists, sum, [[1, 2]], infinity]}, {call, [N, fun() -> exit(bye) end]}, {call, [N, fun() -> throw(ball) end]}, {call, [N, fun() -> error(bad) end]}, {call, [N, no_such, f, []]}, {call, [N, erlang, exit, [{a, b}]]}, {call, [N, lists, sum, [foo]]}, {call, [N, fun() -> exit(self(), kill), receive after infinity -> ok end end, 50000]},
    {call, [N, fun() -> spawn_link(fun() -> exit(linked) end), receive after infinity -> ok end end, 50000]}, {call, [N, timer, sleep, [60000], 1]}, {call, ['no@where', fun() -> 1 end]}, {call, ['no@where', a, b, [], 10]}]).
erpc_bad() -> N = node(), shorts_(erpc, [{call, [1, fun() -> 1 end]}, {call, [N, foo]}, {call, [N, fun(X) -> X end]}, {call, [N, fun() -> 1 end, foo]}, {call, [N, fun() -> 1 end, -1]}, {call, [N, 1, f, []]}, {call, [N, m, "f", []]}, {call, [N, m, f, x]}, {call, [N, m, f, [a | b]]}, {call, [N, m, f, [], foo]}, {call, [N, m, f, [], 1 bsl 40]}, {cast, [N, foo]}, {cast, [1, m, f, []]}, {cast, [N, m, f, x]},
    {multicall, [foo, fun() -> 1 end]}, {multicall, [[1], fun() -> 1 end]}, {multicall, [[N], m, f, x]}, {multicall, [[N], fun() -> 1 end, x]}, {multicast, [foo, fun() -> 1 end]}, {multicast, [[1], m, f, []]}, {send_request, [1, fun() -> 1 end]}, {send_request, [N, m, f, x]}, {send_request, [N, fun() -> 1 end, l, foo]}, {receive_response, [foo]}, {wait_response, [foo]}, {check_response, [m, foo]}, {reqids_size, [foo]}, {reqids_to_list, [foo]}, {reqids_add, [foo, l, x]}, {receive_response, [foo, 1, true]}, {wait_response, [foo, 1]}, {receive_response, [make_ref(), x]}, {check_response, [m, foo, false]}]).
erpc_texts() -> N = node(), tries_(erpc, [{call, [1, fun() -> 1 end]}, {call, [N, m, f, x]}, {call, [N, lists, sum, [foo]]}, {cast, [N, 1]}, {reqids_size, [x]}]).
erpc_multi() -> N = node(), Me = self(), R = shorts_(erpc, [{multicall, [[N, N], fun() -> 1 end]}, {multicall, [[N, 'no@where'], lists, sum, [[1]]]}, {multicall, [[N], fun() -> exit(x) end, 5000]}, {multicall, [[N], timer, sleep, [60000], 1]}, {multicall, [[], m, f, []]}, {cast, [N, fun() -> Me ! cast1 end]}, {multicast, [[N, 'no@where'], erlang, send, [Me, cast2]]}, {multicast, [[N], fun() -> Me ! cast3 end]}, {cast, [N, erlang, send, [Me, cast4]]}]), {R, lists:sort([take(), take(), take(), take()])}.
erpc_requests() ->
    N = node(), R1 = erpc:send_request(N, lists, seq, [1, 3]), R2 = erpc:send_request(N, fun() -> throw(x) end), R3 = erpc:send_request(N, fun() -> exit(y) end), A = [erpc:receive_response(R1), short_({erpc, receive_response, [R2]}), short_({erpc, wait_response, [R3, 5000]})],
    R4 = erpc:send_request(N, fun() -> receive after infinity -> ok end end), B = [erpc:wait_response(R4), erpc:wait_response(R4, 0), short_({erpc, receive_response, [R4, 1]}), erpc:check_response(foo, R4)],
    R5 = erpc:send_request(N, erlang, node, []), M = receive X -> X end, C = [erpc:check_response(other, R5), erpc:check_response(M, R5)],
    {A, B, C}.
erpc_collections() ->
    N = node(), C0 = erpc:reqids_new(), C1 = erpc:send_request(N, erlang, abs, [-1], one, C0), C2 = erpc:send_request(N, fun() -> 2 end, two, C1), C3 = erpc:reqids_add(erpc:send_request(N, fun() -> exit(three) end), three, C2),
    Z = [erpc:reqids_size(C3), lists:sort([L || {_, L} <- erpc:reqids_to_list(C3)])],
    %% Whatever comes first.
    G = fun G_(C) -> case try erpc:receive_response(C, 5000, true) of no_request -> none; {V, L, Cn} -> {{V, L}, Cn} catch Cl:{W, L, Cn} -> {{Cl, W, L}, Cn} end of none -> []; {V1, C_} -> [V1 | G_(C_)] end end,
    Y = lists:sort(G(C3)),
    [Z, Y, erpc:wait_response(C0, 0, true), erpc:check_response(m, C0, false), erpc:receive_response(C0, 10, false)].

%% ---- rpc
rpc_more() -> N = node(), Me = self(), R = shorts_(rpc, [{call, [N, lists, sum, [[1]], 5000]}, {call, [N, lists, sum, [a]]}, {call, [N, erlang, throw, [ball]]}, {call, [N, erlang, exit, [bye]]}, {call, [N, timer, sleep, [60000], 1]}, {call, [N, m, f, x]}, {call, [1, m, f, []]}, {call, [N, m, f, [], foo]}, {block_call, [N, lists, sum, [[2]]]}, {block_call, [N, lists, sum, [[2]], 5000]}, {block_call, [N, erlang, exit, [x]]}, {cast, [N, erlang, send, [Me, c1]]}, {cast, ['no@where', m, f, []]},
    {multicall, [lists, sum, [[1]]]}, {multicall, [lists, sum, [[1]], 5000]}, {multicall, [[N, 'no@where'], lists, sum, [[1]]]}, {multicall, [[N], lists, sum, [[1]], 5000]}, {multicall, [[N], erlang, exit, [q]]}, {eval_everywhere, [erlang, send, [Me, c2]]}, {eval_everywhere, [[N], erlang, send, [Me, c3]]}, {sbcast, [no_such_name, x]}, {sbcast, [[N, 'no@where'], no_such_name, x]}, {abcast, [no_such_name, x]}, {abcast, [[N], no_such_name, x]},
    {parallel_eval, [[{lists, sum, [[1]]}, {erlang, abs, [-2]}]]}, {pmap, [{?MODULE, twice}, [x], [1, 2, 3]]}, {multi_server_call, [['no@where'], no_such_name, x]}, {pinfo, [Me, registered_name]}]), {R, lists:sort([take(), take(), take()]), lists:keymember(status, 1, rpc:pinfo(self()))}.
twice(A, x) -> A * 2.
rpc_keys() -> N = node(), K1 = rpc:async_call(N, lists, sum, [[1]]), A = rpc:yield(K1), K2 = rpc:async_call(N, timer, sleep, [60000]), K3 = rpc:async_call(N, erlang, exit, [z]), [A, rpc:nb_yield(K2), rpc:nb_yield(K2, 1), rpc:nb_yield(K3, infinity), short_({rpc, nb_yield, [foo]})].
rpc_server() -> S = spawn(fun() -> receive {P, x} -> P ! {rpc_case_srv, node(), yes} end end), register(rpc_case_srv, S), [rpc:server_call(node(), rpc_case_srv, rpc_case_srv, x)].

%% ---- global, groups
global_more() ->
    Me = self(), P = spawn(fun() -> receive stop -> ok end end),
    R = shorts_(global, [{register_name, [ln_a, Me, fun global:random_notify_name/3]}, {register_name, [ln_a, P]}, {re_register_name, [ln_a, P]}, {re_register_name, [ln_a, P, fun global:notify_all_name/3]}, {registered_names, []}, {send, [ln_none, x]}, {whereis_name, [ln_none]}, {unregister_name, [ln_none]}, {register_name, [ln_b, foo]}, {register_name, [ln_b, Me, foo]}, {register_name_external, [ln_c, Me]}, {unregister_name_external, [ln_c]}, {sync, []}, {info, []}]),
    M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end, wait_(fun() -> global:whereis_name(ln_a) =:= undefined end),
    {[case X of {state, _, _, _, _, _, _, _, _, _, _, _, _, _, _} -> state; Y when is_tuple(Y), tuple_size(Y) > 5 -> state; Y -> Y end || X <- R], global:registered_names(), [plain(global:F(ln_x, self(), P)) || F <- [random_notify_name, notify_all_name]], flush() =/= x}.
wait_(F) -> case F() of true -> ok; false -> timer:sleep(1), wait_(F) end.
global_locks() -> Me = self(), Id = {ln_lock, Me}, O = {ln_lock, other}, shorts_(global, [{set_lock, [Id]}, {set_lock, [Id, [node()]]}, {set_lock, [O, [node()], 0]}, {del_lock, [Id, [node()]]}, {set_lock, [O, [node()], 0]}, {del_lock, [Id]}, {del_lock, [O]}, {trans, [Id, fun() -> in end]}, {trans, [Id, fun() -> in end, [node()]]}, {trans, [Id, fun() -> in end, [node()], 0]}, {trans, [Id, fun() -> exit(x) end, [node()], 0]}, {set_lock, [O, [node()], 0]}, {trans, [Id, fun() -> in end, [node()], 0]}, {del_lock, [O]}, {set_lock, [foo]}, {set_lock, [Id, foo]}, {del_lock, [foo]}, {disconnect, []}]).
groups() -> shorts_(global_group, [{own_nodes, []}, {global_groups, []}, {group_configured, []}, {sync, []}, {registered_names, [{group, g}]}, {registered_names, [{node, 'no@where'}]}, {registered_names, [foo]}, {send, [{node, node()}, no_such, x]}, {send, [{group, g}, no_such, x]}, {whereis_name, [{node, node()}, no_such]}, {whereis_name, [{group, g}, n]}, {monitor_nodes, [foo]}, {get_own_nodes, []}, {get_own_nodes_with_errors, []}, {member, [x]}, {participant, [x]}]).
pg_more() ->
    {ok, S} = pg:start_link(ln_scope), Me = self(), P = spawn(fun() -> receive stop -> ok end end),
    {R1, _} = pg:monitor_scope(ln_scope), {R2, _} = pg:monitor(ln_scope, g),
    A = shorts_(pg, [{join, [ln_scope, g, [Me, P, P]]}, {join, [ln_scope, h, Me]}, {get_members, [ln_scope, g]}, {get_local_members, [ln_scope, g]}, {which_groups, [ln_scope]}, {which_local_groups, [ln_scope]}, {leave, [ln_scope, g, [P]]}, {leave, [ln_scope, none, P]}, {get_members, [ln_scope, none]}, {join, [ln_scope, g, foo]}, {join, [ln_scope, g, [Me | foo]]}, {demonitor, [ln_scope, R2]}, {demonitor, [ln_scope, make_ref()]}]),
    P ! stop, wait_(fun() -> pg:get_members(ln_scope, g) =:= [Me] end), _ = sys:get_state(S), B = [plain(X) || X <- flush()], pg:demonitor(ln_scope, R1), unlink(S), gen_server:stop(S),
    [lists:sort(X) || X <- [A -- A]] ++ [[case X of L when is_list(L) -> lists:sort(L); _ -> X end || X <- A], B, shorts_(pg, [{join, [ln_scope, g, Me]}, {get_members, [no_scope, g]}, {which_groups, [no_scope]}])].
pg_default() -> D = whereis(pg), case D of undefined -> pg:start_link(), unlink(whereis(pg)); _ -> ok end, Me = self(), {M, G} = pg:monitor(dg), {N, _} = pg:monitor_scope(), R = shorts_(pg, [{join, [dg, Me]}, {get_members, [dg]}, {get_local_members, [dg]}, {which_groups, []}, {which_local_groups, []}, {leave, [dg, Me]}, {demonitor, [M]}, {demonitor, [N]}]), B = [plain(X) || X <- flush()], case D of undefined -> gen_server:stop(pg); _ -> ok end, {G, R, B}.

%% ---- the net that is not there
net_calls() -> shorts_(net_kernel, [{nodename, []}, {longnames, []}, {allowed, []}, {allow, [['a@b']]}, {allow, [foo]}, {allow, [[1]]}, {connecttime, []}, {get_net_ticktime, []}, {set_net_ticktime, [60]}, {set_net_ticktime, [60, 10]}, {monitor_nodes, [true]}, {monitor_nodes, [true, []]}, {monitor_nodes, [true, [nodedown_reason]]}, {monitor_nodes, [true, #{node_type => all}]}, {monitor_nodes, [true, foo]}, {monitor_nodes, [true, [foo]]}, {monitor_nodes, [foo]}, {monitor_nodes, [false]}, {monitor_nodes, [false, [nodedown_reason]]}, {monitor_nodes, [false, #{node_type => all}]},
    {nodes_info, []}, {node_info, ['no@where']}, {node_info, ['no@where', type]}, {connect_node, ['no@where']}, {hidden_connect_node, ['no@where']}, {disconnect, ['no@where']}, {getopts, ['no@where', [nodelay]]}, {setopts, ['no@where', [{nodelay, true}]]}, {setopts, [any, [{nodelay, true}]]}, {setopts, [new, [{nodelay, true}]]}, {verbose, [0]}, {stop, []}, {start, [[foo | bar]]}, {start, [foo, bar]}, {start, [x, #{name_domain => foo}]}, {start, ["x", #{}]}, {start, [x, #{foo => 1}]}, {publish_on_node, ['no@where']}, {get_state, []}, {dflag_unicode_io, [self()]}, {protocol_childspecs, []}]).
nodes_forms() -> [err(fun() -> case apply(erlang, nodes, id(A)) of L when A =:= [known] -> lists:member(node(), L); L -> L end end) || A <- [[], [visible], [hidden], [connected], [known], [this], [[this, hidden]], [foo], [[foo]], [this, #{}], [this, #{connection_id => true}], [this, #{foo => true}], [foo, #{}], [this, []]]].
%% How often a process asked is counted by kind; net_kernel makes a map with `list` of a list of options.
monitor_kinds() ->
    L = [[], #{}, #{list => true}, #{list => false}, #{node_type => visible}, #{node_type => visible, list => true}, #{node_type => all}, #{nodedown_reason => true}, #{nodedown_reason => true, list => true}, #{nodedown_reason => false}, #{nodedown_reason => false, list => true}, #{connection_id => true}, #{node_type => hidden}, #{list => true, connection_id => true}, #{list => x}, #{foo => 1}],
    [err(fun() -> process_flag({monitor_nodes, A}, true), process_flag({monitor_nodes, A}, true), R = process_flag({monitor_nodes, B}, false), process_flag({monitor_nodes, A}, false), R end) || A <- L, B <- L].
auth_calls() -> shorts_(auth, [{get_cookie, []}, {get_cookie, ['no@where']}, {set_cookie, [c1]}, {set_cookie, ['no@where', c2]}, {cookie, []}, {is_auth, ['no@where']}, {node_cookie, ['no@where', c3]}, {print, [node(), "x", []]}]) ++ [err(fun() -> erlang:set_cookie(id(x)) end), err(fun() -> erlang:set_cookie(id(1)) end), err(fun() -> erlang:get_cookie() end), err(fun() -> erlang:get_cookie('no@where') end), err(fun() -> erlang:set_cookie('no@where', id("x")) end)].
adm_calls() -> [is_list(net_adm:localhost()) | shorts_(net_adm, [{ping_list, [['no@where']]}, {ping, [node()]}, {ping, ["x"]}, {host_file, []}, {world, []}])].
heart_calls() -> [try heart:F() catch C:R -> {C, R} end || F <- [get_callback, get_cmd, get_options, clear_cmd, clear_callback]] ++ [heart:start()] ++ shorts_(heart, [{set_callback, [foo]}, {set_cmd, [1]}, {set_options, [[foo]]}, {set_options, [foo]}, {set_callback, [a, b]}, {set_cmd, ["x"]}, {set_options, [[check_schedulers]]}]).

%% ---- inet's readers of text
addresses() -> [{A, [F(A) || F <- [fun inet:parse_address/1, fun inet:parse_strict_address/1, fun inet:parse_ipv4_address/1, fun inet:parse_ipv4strict_address/1, fun inet:parse_ipv6_address/1, fun inet:parse_ipv6strict_address/1]]} || A <- ["127.0.0.1", "127.1", "0x7f.1", "1.2.3.256", "1.2.3.4.5", "", "::", "::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3.4", "1::2::3", "12345::", "[::1]", "abc", "4294967295", "4294967296", "0377.1", "fe80::1%7"]].
addresses_told() -> [{A, [err(fun() -> F(id(A)) end) || F <- [fun inet:ntoa/1, fun inet:is_ip_address/1, fun inet:is_ipv4_address/1, fun inet:is_ipv6_address/1, fun inet:ipv4_mapped_ipv6_address/1]]} || A <- [{127, 0, 0, 1}, {0, 0, 0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 16#ffff, 16#102, 16#304}, {16#fe80, 0, 0, 1, 0, 0, 0, 2}, {1, 2, 3, 256}, {1, 2, 3}, foo, {1, 0, 0, 2, 0, 0, 0, 3}, {65536, 0, 0, 0, 0, 0, 0, 0}]].
inet_parsers() -> T = fun(S) -> {chars, S} end,
    [[short_({inet_parse, F, [T(S)]}) || S <- ["# c\n127.0.0.1 localhost lo\n::1 ip6\nbad\n", "nameserver 1.2.3.4\nsearch a b\ndomain x\noptions timeout:1\nlookup file bind\n", "hosts: files dns\n", "order hosts,bind\n", "http 80/tcp www\nx y\n", "tcp 6 TCP\n", "net 10.0.0.0\n", "loopback 127.0.0.0 lo\n", "portmap 100000 pm\n", ""]] || F <- [hosts, resolv, nsswitch_conf, host_conf_linux, host_conf_freebsd, host_conf_bsdos, services, protocols, networks, netmasks, rpc]]
    ++ [[{S, inet_parse:visible_string(S), inet_parse:domain(S), catch inet_parse:dots(S), inet_parse:split_line(S)} || S <- ["a.b.c", "a..b", ".", "a b\tc # d", "1.2", "-x", "a_b", [$a, 200]]]].
inet_database() ->
    Calls = [{set_domain, ["cases.test"]}, {res_option, [domain]}, {add_host, [{10, 1, 2, 3}, ["ln-host", "ln-alias"]]}, {gethostbyaddr, ["3.2.1.10.in-addr.arpa", {10, 1, 2, 3}]}, {getbyname, ["ln-host", a]}, {del_host, [{10, 1, 2, 3}]}, {add_search, ["s1.test"]}, {ins_search, ["s0.test"]}, {del_search, ["s1.test"]}, {del_search, ["s0.test"]}, {res_option, [timeout]}, {res_option, [timeout, 2000]}, {res_option, [retry]}, {res_option, [foo]}, {set_lookup, [[foo]]}, {res_option, [lookup]}, {set_retry, [a]}, {set_timeout, [-1]}, {set_inet6, [false]}, {set_usevc, [x]}, {set_edns, [0]}, {set_edns, [false]}, {set_udp_payload_size, [1280]},
        {add_ns, [{1, 2, 3, 4}]}, {ins_ns, [{1, 2, 3, 5}, 54]}, {res_option, [nameserver]}, {del_ns, [{1, 2, 3, 4}]}, {del_ns, [{1, 2, 3, 5}, 54]}, {add_alt_ns, [{1, 1, 1, 1}]}, {del_alt_ns, [{1, 1, 1, 1}]}, {add_ns, [foo]}, {tcp_module, []}, {udp_module, []}, {sctp_module, []}, {clear_cache, []}, {clear_hosts, []}, {tolower, ["ABc"]}, {eq_domains, ["A.b", "a.B"]}, {socks_option, [server]}, {socks_option, [methods]}, {add_socks_methods, [[none]]}, {lookup_socket, [foo]}, {add_rc_list, [[{domain, "other.test"}]]}, {add_rc_list, [[foo]]}, {add_rc_list, [foo]}, {add_rc, ["/no/such/file"]}, {add_resolv, ["/no/such/file"]}, {add_hosts, ["/no/such/file"]}],
    R = shorts_(inet_db, Calls), inet_db:set_domain(""), R.
inet_names() -> ok = inet_db:add_host({10, 9, 8, 7}, ["ln-name", "ln-other"]), Old = inet_db:res_option(lookup), inet_db:set_lookup([file]),
    R = shorts_(inet, [{gethostbyname, ["ln-name"]}, {gethostbyname, ["ln-other", inet]}, {gethostbyname, ['ln-name', inet, 1000]}, {gethostbyname, ["ln-none"]}, {gethostbyname, ["ln-name", inet6]}, {gethostbyaddr, [{10, 9, 8, 7}]}, {gethostbyaddr, ["10.9.8.7"]}, {gethostbyaddr, [{10, 9, 8, 6}]}, {gethostbyaddr, [foo]}, {getaddr, ["ln-name", inet]}, {getaddrs, ["ln-name", inet]}, {getaddr, ["ln-none", inet]}, {getaddr, ["1.2.3.4", inet]}, {getaddr, [{1, 2, 3, 4}, inet]}, {getaddr, [{1, 2, 3, 4}, inet6]}, {getaddr, ["::1", inet6]}, {getaddr, [foo, bar]}, {ip, ["ln-name"]}, {ip, [{1, 2, 3, 4}]}, {format_error, [enoent]}, {format_error, [nxdomain]}, {format_error, [exbadport]}, {format_error, [foo]}, {translate_ip, [any, inet]}, {translate_ip, [loopback, inet6]}, {translate_ip, [x, inet]}, {stats, []}, {options, []}]),
    inet_db:set_lookup(Old), inet_db:del_host({10, 9, 8, 7}), lists:droplast(lists:droplast(R)) ++ [is_list(X) || X <- [lists:last(R)]].
