"""The detection core: arrays in, arrays out.

Nothing here knows a session, an alert, a clock or a file. Axes are always in the order
(bed, channel, sample); values are integers in hundredths of the channel's canonical unit and
times are integers in milliseconds, so that every comparison is exact and two engines that are
given the same readings cannot disagree.
"""
