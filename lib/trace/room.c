/* SPDX-License-Identifier: Apache-2.0 */
/* Where the room is joined to those below it. */
#include "trace/breakpoint.h"
#include "trace/call.h"
#include "trace/event.h"
#include "trace/monitor.h"
#include "trace/pattern.h"
#include "trace/portee.h"
#include "trace/seq.h"

void trace_init(void)
{
	static struct ns_part part = { .done = trace_space_done, .names = trace_space_names };
	ns_add_part(&part);
	ns_on_dispatch(pattern_code_changed);
	event_init();
	proc_tracing = (struct proc_tracing){
		.send = event_send,
		.receive = event_receive,
		.event = event_happened,
		.spawned = tracee_spawned,
		.hand_on = tracee_hand_on,
		.take_over = tracee_take_over,
		.schedule = event_schedule,
		.collection = event_collection,
		.end = tracee_end,
		.send_with_token = seq_send,
		.token_label = seq_label,
		.drop_token = seq_drop,
		.take_token = seq_receive,
		.token = seq_token_on,
		.setting = seq_setting,
		.collected = monitor_collected,
		.scheduled = monitor_scheduled,
		.queue = monitor_queue,
		.busy_port = monitor_busy_port,
		.profile = monitor_profile,
	};
	port_tracing = (struct port_tracing){
		.opened = portee_opened,
		.event = portee_event,
		.scheduled = portee_scheduled,
		.sent = portee_sent,
		.received = portee_received,
		.end = portee_end,
		.profile = monitor_profile_port,
	};
	exec_tracing = (struct exec_tracing){
		.entered = call_entered,
		.left = call_left,
		.unwound = call_unwound,
		.caught = call_caught,
		.again = call_again,
	};
}
