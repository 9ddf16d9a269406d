%% SPDX-License-Identifier: Apache-2.0
%% What kernel's processes ask of a node that is alone: nodes/2, process_flag(monitor_nodes), os:set_signal/2.
-module(node_cases).
-compile([export_all, nowarn_export_all]).

try_all(F, Arguments) ->
    [try apply(F, A) catch C:R -> {C, R} end || A <- Arguments].

nodes_2() ->
    try_all(fun erlang:nodes/2,
            [[connected, #{}], [this, #{}], [[this, known], #{connection_id => true, node_type => true}],
             [this, #{connection_id => false}], [this, #{node_type => true}], [known, #{node_type => true}],
             [hidden, #{node_type => true}], [this, #{connection_id => 1}], [this, #{x => true}], [x, #{}], [connected, []],
             [[known | x], #{}], [[], #{}]]).

monitor_nodes_counts() ->
    try_all(fun erlang:process_flag/2,
            [[monitor_nodes, true], [monitor_nodes, true], [{monitor_nodes, []}, true], [{monitor_nodes, #{}}, true],
             [{monitor_nodes, #{connection_id => false}}, true], [{monitor_nodes, #{node_type => visible}}, true],
             [{monitor_nodes, #{node_type => hidden, connection_id => true}}, true],
             [{monitor_nodes, #{node_type => all, nodedown_reason => true}}, true],
             [monitor_nodes, false], [monitor_nodes, false], [{monitor_nodes, #{}}, false],
             [{monitor_nodes, #{node_type => all, nodedown_reason => true}}, false],
             [{monitor_nodes, #{node_type => hidden, connection_id => true}}, false]]).

monitor_nodes_refusals() ->
    try_all(fun erlang:process_flag/2,
            [[monitor_nodes, 1], [{monitor_nodes, x}, true], [{monitor_nodes, [x]}, true],
             [{monitor_nodes, [nodedown_reason]}, true], [{monitor_nodes, #{x => true}}, true],
             [{monitor_nodes, #{node_type => foo}}, true], [{monitor_nodes, #{nodedown_reason => 1}}, false],
             [{monitor_nodes, #{}}, 1]]).

set_signal() ->
    Signals = [sigabrt, sigalrm, sigchld, sigcont, sighup, sigint, sigkill, siginfo, sigquit, sigsegv, sigstop, sigtstp, sigusr1,
               sigusr2, sigwinch, sigx],
    R = [{S, try_all(fun os:set_signal/2, [[S, handle], [S, ignore], [S, x]])} || S <- Signals, S =/= sigchld],
    [os:set_signal(S, default) || S <- [sigabrt, sigalrm, sighup, sigstop, sigtstp, sigusr2]],
    [os:set_signal(S, handle) || S <- [sigusr1, sigquit]],
    R.
