defmodule Demo.Queue do
  @moduledoc "A queue that a process keeps."
  use GenServer

  def start_link(items), do: GenServer.start_link(__MODULE__, items, name: __MODULE__)
  def put(item), do: GenServer.cast(__MODULE__, {:put, item})
  def take, do: GenServer.call(__MODULE__, :take)

  @doc """
  Items as one binary, each behind its size.

      iex> Demo.Queue.pack(["a", "bc"])
      <<1, "a", 2, "bc">>
  """
  def pack(items), do: for(item <- items, into: <<>>, do: <<byte_size(item), item::binary>>)

  @impl true
  def init(items), do: {:ok, :queue.from_list(items)}

  @impl true
  def handle_cast({:put, item}, queue), do: {:noreply, :queue.in(item, queue)}

  @impl true
  def handle_call(:take, _from, queue) do
    case :queue.out(queue) do
      {{:value, item}, rest} -> {:reply, {:ok, item}, rest}
      {:empty, rest} -> {:reply, :empty, rest}
    end
  end
end
