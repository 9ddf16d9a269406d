defmodule Shop.Cart do
  use Agent
  def start_link(), do: Agent.start_link(fn -> %{} end)
  def add(cart, what, n), do: Agent.update(cart, &Map.update(&1, what, n, fn m -> m + n end))
  def items(cart), do: Agent.get(cart, & &1)
  @spec total(%{String.t() => pos_integer}) :: integer
  def total(items), do: Enum.reduce(items, 0, fn {what, n}, sum -> sum + n * Shop.Price.of(what) end)
end
