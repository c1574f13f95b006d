"""Networks in plain PyTorch, and their exact cost.

Import the submodule that you need: ``nas.nn.cost`` counts without torch,
``nas.nn.network`` builds, ``nas.nn.measure`` counts what was built.
"""
