defmodule Shop do
  @moduledoc "Takes orders."
  use Shop.Words, [:apples, :pears, :plums]
  alias Shop.{Cart, Price}

  def main(orders) do
    {:ok, cart} = Cart.start_link()
    Enum.each(orders, fn order ->
      case parse(order) do
        {:ok, n, what} when what in @words -> Cart.add(cart, what, n)
        {:ok, _, what} -> IO.puts("no #{what} here, only #{Enum.join(words(), ", ")}")
        :error -> IO.puts("what is #{inspect(order)}?")
      end
    end)
    items = Cart.items(cart)
    for {what, n} <- Enum.sort(items), do: IO.puts("#{n} #{what}: #{Price.show(Price.of(what) * n)}")
    IO.puts("total #{Price.show(Cart.total(items))}")
  end

  defp parse(order) do
    with [n, what] <- String.split(order), {n, ""} <- Integer.parse(n) do
      {:ok, n, what}
    else
      _ -> :error
    end
  end
end
