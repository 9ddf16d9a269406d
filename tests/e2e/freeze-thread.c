/* SPDX-License-Identifier: Apache-2.0 */
/* Stops one thread of a process, for the watchdog test: freeze-thread TID; until it is killed or the thread ends. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	int status;
	pid_t thread = count == 2 ? atoi(arguments[1]) : 0;
	if (thread <= 0 || ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0) {
		perror("ptrace");
		return 1;
	}
	if (waitpid(thread, &status, __WALL) < 0) {
		perror("waitpid");
		return 1;
	}
	puts("frozen");
	fflush(stdout);
	/* A traced thread that dies waits for its tracer to hear of it. */
	while (waitpid(thread, &status, __WALL) == thread && !WIFEXITED(status) && !WIFSIGNALED(status)) {
	}
	return 0;
}
