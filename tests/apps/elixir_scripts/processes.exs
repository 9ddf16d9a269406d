# Processes, GenServer, Supervisor, Task, Agent, Registry, ETS, Process, Logger.
defmodule Stack do
  use GenServer
  def start_link(init, opts \\ []), do: GenServer.start_link(__MODULE__, init, opts)
  @impl true
  def init(items), do: {:ok, items, {:continue, :ready}}
  @impl true
  def handle_continue(:ready, items), do: {:noreply, [:ready | items]}
  @impl true
  def handle_call(:pop, _from, [h | t]), do: {:reply, h, t}
  def handle_call(:all, _from, items), do: {:reply, items, items}
  def handle_call(:later, from, items) do
    send(self(), {:answer, from})
    {:noreply, items}
  end
  @impl true
  def handle_cast({:push, x}, items), do: {:noreply, [x | items]}
  def handle_cast(:crash, _), do: raise("crashed on demand")
  @impl true
  def handle_info({:answer, from}, items) do
    GenServer.reply(from, :late)
    {:noreply, items}
  end
end

Logger.configure(level: :error)
{:ok, stack} = Stack.start_link([1, 2], name: Stack)
GenServer.cast(stack, {:push, 9})
IO.inspect({GenServer.call(Stack, :pop), GenServer.call(stack, :all), GenServer.call(stack, :later)})
IO.inspect(:sys.get_state(Stack))
GenServer.stop(stack)
IO.inspect(try do GenServer.call(Stack, :pop) catch :exit, {why, {m, f, _}} -> {why, m, f} end)

{:ok, sup} = Supervisor.start_link([
  %{id: :a, start: {Stack, :start_link, [[], [name: :a]]}},
  %{id: :b, start: {Stack, :start_link, [[], [name: :b]]}},
  {Task.Supervisor, name: Tasks},
  {Registry, keys: :unique, name: Reg},
  {Registry, keys: :duplicate, name: Bus},
  {DynamicSupervisor, name: Dyn, strategy: :one_for_one},
  {Agent, fn -> %{n: 0} end}
], strategy: :one_for_one)
IO.inspect(Supervisor.count_children(sup) |> Enum.sort())
old = Process.whereis(:a)
ref = Process.monitor(old)
Process.exit(old, :kill)
receive do {:DOWN, ^ref, :process, ^old, why} -> IO.inspect({:down, why}) end
wait = fn wait -> case Process.whereis(:a) do nil -> wait.(wait); ^old -> wait.(wait); pid -> pid end end
IO.inspect(is_pid(wait.(wait)))
IO.inspect(Task.async(fn -> 40 + 2 end) |> Task.await())
IO.inspect(Task.async_stream(1..6, &(&1 * &1), max_concurrency: 3) |> Enum.to_list())
IO.inspect(Task.Supervisor.async_nolink(Tasks, fn -> exit(:bad) end) |> Task.yield())
IO.inspect(Task.Supervisor.async_nolink(Tasks, fn -> :good end) |> Task.await())
IO.inspect(Task.yield(Task.async(fn -> Process.sleep(:infinity) end), 10))
{:ok, agent} = Agent.start_link(fn -> 1 end)
Agent.update(agent, &(&1 + 41))
IO.inspect(Agent.get_and_update(agent, &{&1, 0}))
{:ok, dyn} = DynamicSupervisor.start_child(Dyn, {Agent, fn -> :dynamic end})
IO.inspect({Agent.get(dyn, & &1), DynamicSupervisor.count_children(Dyn) |> Enum.sort()})
{:ok, _} = Registry.register(Reg, "key", :value)
IO.inspect(Registry.lookup(Reg, "key") == [{self(), :value}])
IO.inspect(Registry.register(Reg, "key", :again) |> elem(0))
{:ok, named} = Agent.start_link(fn -> 5 end, name: {:via, Registry, {Reg, :agent}})
IO.inspect({Agent.get({:via, Registry, {Reg, :agent}}, & &1), Registry.keys(Reg, named)})
Enum.each(1..3, fn n -> Registry.register(Bus, :topic, n) end)
Registry.dispatch(Bus, :topic, fn entries -> for {pid, n} <- entries, do: send(pid, {:event, n}) end)
IO.inspect(for _ <- 1..3, do: (receive do {:event, n} -> n end))
IO.inspect(Registry.count(Bus))
t = :ets.new(:t, [:set, :public])
:ets.insert(t, for(n <- 1..5, do: {n, n * n}))
IO.inspect(:ets.select(t, [{{:"$1", :"$2"}, [{:>, :"$2", 8}], [:"$1"]}]) |> Enum.sort())
parent = self()
ring = Enum.reduce(1..1000, parent, fn _, next -> spawn(fn -> receive do n -> send(next, n + 1) end end) end)
send(ring, 0)
IO.inspect(receive do n -> n end)
Process.flag(:trap_exit, true)
pid = spawn_link(fn -> exit(:linked) end)
IO.inspect(receive do {:EXIT, ^pid, r} -> r end)
timer = Process.send_after(self(), :tick, 5)
IO.inspect(receive do :tick -> Process.cancel_timer(timer) end)
Process.put(:k, 1)
IO.inspect({Process.get(:k), Process.alive?(self()), Process.info(self(), :message_queue_len)})
IO.inspect(:persistent_term.put({:a, 1}, %{b: 2}) && :persistent_term.get({:a, 1}))
ref = :counters.new(2, [])
1..100 |> Task.async_stream(fn n -> :counters.add(ref, 1, n) end) |> Stream.run()
IO.inspect(:counters.get(ref, 1))
IO.inspect(Supervisor.stop(sup))
{:ok, events} = :gen_event.start_link()
IO.inspect(:gen_event.which_handlers(events))
{:ok, fsm} = :gen_statem.start_link(Module.concat([Door]) |> then(fn m ->
  defmodule m do
    @behaviour :gen_statem
    def callback_mode, do: :state_functions
    def init(_), do: {:ok, :closed, 0}
    def closed({:call, from}, :open, n), do: {:next_state, :open, n + 1, [{:reply, from, {:opened, n}}]}
    def open({:call, from}, :close, n), do: {:next_state, :closed, n, [{:reply, from, :closed}]}
  end
  m
end), [], [])
IO.inspect(for what <- [:open, :close, :open], do: :gen_statem.call(fsm, what))
