"""What a model's section names beside its own weights: ControlNets, an autoencoder, an IP-Adapter, textual inversions."""
